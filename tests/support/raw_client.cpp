#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace ib::test {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

} // namespace

raw_client::raw_client(const std::string& address, int receive_buffer_bytes) {
  auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0)
    throw std::runtime_error("no address: " + address);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval patience{60, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (receive_buffer_bytes > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  int connected = ::connect(socket_, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (connected != 0) {
    ::close(socket_);
    fail("connect");
  }
}

raw_client::~raw_client() { ::close(socket_); }

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty())
    bytes.remove_prefix(send_some(bytes));
}

size_t raw_client::send_some(std::string_view bytes) {
  auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) fail("send");
  return static_cast<size_t>(sent);
}

void raw_client::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool raw_client::fill() {
  char buffer[16384];
  auto count = ::recv(socket_, buffer, sizeof buffer, 0);
  if (count < 0 && errno == ECONNRESET) reset_ = true;
  if (count < 0 && !reset_) fail("recv");
  if (count <= 0) return false;
  received_.append(buffer, static_cast<size_t>(count));
  return true;
}

std::string raw_client::read_until(std::string_view marker) {
  size_t found = 0;
  while ((found = received_.find(marker)) == std::string::npos)
    if (!fill()) throw std::runtime_error("the connection ended before " + std::string(marker));
  return read_bytes(found + marker.size());
}

std::string raw_client::read_bytes(size_t count) {
  while (received_.size() < count)
    if (!fill()) throw std::runtime_error("the connection ended too early");
  auto bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

std::string raw_client::read_to_end() {
  while (fill()) {
  }
  return std::move(received_);
}

} // namespace ib::test
