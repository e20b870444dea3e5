#include "actors/io/network_trial.hpp"
#include "actors/io/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;

namespace {

/// A port of the loopback that is taken, and listened on or not.
struct loopback_port {
  explicit loopback_port(bool listening) : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    if (listening) REQUIRE(::listen(socket.get(), 8) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  unique_fd socket;
  uint16_t port = 0;
};

const host_address loopback{"127.0.0.1", false};

} // namespace

TEST_CASE("addresses stand for themselves, and a name that can be none is not found", "[network_trial]") {
  auto four = find_addresses("127.0.0.1");
  REQUIRE(four);
  REQUIRE(four->size() == 1);
  CHECK(four->front().text == "127.0.0.1");
  CHECK_FALSE(four->front().is_ipv6);
  auto six = find_addresses("::1");
  REQUIRE(six);
  CHECK(six->front().is_ipv6);
  auto none = find_addresses("a..b");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == error_code::not_found);
  CHECK_FALSE(none.error().message.empty());
}

TEST_CASE("a connection is made where somebody listens and refused where nobody does", "[network_trial]") {
  loopback_port open(true), deaf(false);
  CHECK(try_connection(loopback, open.port, 5s));
  auto refused = try_connection(loopback, deaf.port, 5s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unavailable);
  CHECK(refused.error().message == "Connection refused");
}

TEST_CASE("a TLS handshake with somebody who says nothing ends", "[network_trial]") {
  loopback_port silent(true);
  auto greeting = try_tls({loopback, silent.port, "127.0.0.1", "", "", ""}, 50ms);
  CHECK(greeting.fault == tls_fault::other);
  CHECK_FALSE(greeting.words.empty());
}

TEST_CASE("files of ours that cannot be used are named before anybody is asked", "[network_trial]") {
  auto greeting = try_tls({loopback, 1, "127.0.0.1", "/nowhere/ca.pem", "", ""}, 5s);
  CHECK(greeting.fault == tls_fault::our_files);
  CHECK(greeting.words.find("/nowhere/ca.pem") != std::string::npos);
}
