#include "actors/io/http_client.hpp"
#include "tests/gateway/http/fixture.hpp"
#include "tests/support/captured_stderr.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/http_calls.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>

using namespace ib;
using namespace ib::test;
using Catch::Contains;

namespace {

/// Certificates of a server and a client; each is its own CA.
struct papers {
  papers() {
    make("server");
    make("client");
  }
  void make(const std::string& who) const {
    make_certificate("IP:127.0.0.1", folder / (who + ".key"), folder / (who + ".crt"));
  }
  config::tls_files files() const { return {file("client.crt"), file("server.crt"), file("server.key")}; }
  std::string file(const std::string& name) const { return (folder / name).string(); }

  temp_dir folder;
};

result<io::http_response> hello(const http::server& server, const std::string& ca,
                                const std::string& certificate = "", const std::string& key = "") {
  io::http_client client;
  io::http_request request;
  request.url = server.base_url() + "/hello";
  request.ca_file = ca;
  request.cert_file = certificate;
  request.key_file = key;
  return send_and_wait(client, std::move(request));
}

} // namespace

TEST_CASE("with TLS a client needs a certificate that the CA signed") {
  papers p;
  p.make("stranger");
  served one({}, "127.0.0.1:0", p.files());
  CHECK(one.server->base_url() == "https://" + one.server->address());
  auto known = hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key"));
  REQUIRE(known);
  CHECK(known->body == "hello\n");
  CHECK_FALSE(hello(*one.server, p.file("server.crt")));
  CHECK_FALSE(hello(*one.server, p.file("server.crt"), p.file("stranger.crt"), p.file("stranger.key")));
  CHECK_FALSE(hello(*one.server, p.file("stranger.crt"), p.file("client.crt"), p.file("client.key")));
}

TEST_CASE("an expired certificate opens nothing") {
  papers p;
  expire_certificate(p.file("client.key"), p.file("client.crt"));
  served one({}, "127.0.0.1:0", p.files());
  CHECK_FALSE(hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key")));
}

TEST_CASE("TLS before 1.2 and plain text are refused, and hurt nobody") {
  papers p;
  served one({}, "127.0.0.1:0", p.files());
  raw_client plain(one.server->address());
  plain.send(get("/hello"));
  CHECK_THAT(plain.read_to_end(), !Contains("hello"));
  for (const std::string version : {"-tls1", "-tls1_1"}) {
    auto refused = [&] {
      run_program({"openssl", "s_client", "-connect", one.server->address(), version, "-cipher",
                   "ALL:@SECLEVEL=0", "-cert", p.file("client.crt"), "-key", p.file("client.key")});
    };
    CHECK_THROWS(refused());
  }
  for (const std::string version : {"-tls1_2", "-tls1_3"})
    run_program({"openssl", "s_client", "-connect", one.server->address(), version, "-cert",
                 p.file("client.crt"), "-key", p.file("client.key")});
  CHECK(hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key")));
}

TEST_CASE("certificates are read again when the files change, and only when they can be used") {
  captured_stderr said;
  papers p;
  served one({}, "127.0.0.1:0", p.files());
  raw_client old(one.server->address());
  std::filesystem::copy_file(p.file("server.crt"), p.file("first.crt"));
  p.make("server");
  CHECK(hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key")));
  CHECK_FALSE(hello(*one.server, p.file("first.crt"), p.file("client.crt"), p.file("client.key")));
  // A key that does not belong to the certificate, as between two writes of a renewal.
  std::filesystem::copy_file(p.file("server.crt"), p.file("second.crt"));
  std::ofstream(p.file("server.crt")) << "broken";
  CHECK(hello(*one.server, p.file("second.crt"), p.file("client.crt"), p.file("client.key")));
  p.make("server");
  CHECK(hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key")));
  // The clients' CA, too.
  p.make("client");
  CHECK(hello(*one.server, p.file("server.crt"), p.file("client.crt"), p.file("client.key")));
}

TEST_CASE("TLS files that cannot be used are an error that names the file") {
  papers p;
  auto swapped = p.files();
  swapped.key = p.file("client.key");
  auto broken = p.files();
  broken.ca = p.file("client.key");
  for (const auto& [files, name] : {std::pair{swapped, swapped.key}, std::pair{broken, broken.ca}}) {
    auto made = http::server::listen({"127.0.0.1:0", files}, "server.services.http");
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains("server.services.http") && Contains(name));
  }
}

TEST_CASE("a stream over TLS carries every byte") {
  papers p;
  served one({}, "127.0.0.1:0", p.files());
  std::string whole;
  for (int i = 0; i < 100; ++i) {
    std::string piece(20'000 + static_cast<size_t>(i), static_cast<char>('a' + i % 26));
    whole += piece;
    one.water->write(piece);
  }
  one.water->end();
  io::http_client client;
  io::http_request request;
  request.url = one.server->base_url() + "/stream";
  request.ca_file = p.file("server.crt");
  request.cert_file = p.file("client.crt");
  request.key_file = p.file("client.key");
  auto answer = send_and_wait(client, std::move(request));
  REQUIRE(answer);
  CHECK(answer->body == whole);
}
