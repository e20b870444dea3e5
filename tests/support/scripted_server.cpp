#include "tests/support/scripted_server.hpp"

#include <arpa/inet.h>
#include <cstdint>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ib::test {

namespace {

bool send_all(int connection, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    auto count = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

/// A TCP socket bound to a free port of 127.0.0.1.
int bound_socket(int& port) {
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(descriptor, any, size) != 0 || ::getsockname(descriptor, any, &size) != 0)
    throw std::runtime_error("cannot bind a loopback port");
  port = ntohs(address.sin_port);
  return descriptor;
}

size_t content_length(const std::string& head) {
  auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

} // namespace

scripted_server::scripted_server(script answer) : answer_(std::move(answer)) {
  listener_ = bound_socket(port_);
  stop_event_ = ::eventfd(0, EFD_CLOEXEC);
  if (::listen(listener_, 64) != 0) throw std::runtime_error("cannot listen on a loopback port");
  thread_ = std::thread([this] { serve(); });
}

scripted_server::~scripted_server() {
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(stop_event_, &one, sizeof one);
  thread_.join();
  for (int connection : hanging_)
    ::close(connection);
  ::close(listener_);
  ::close(stop_event_);
}

std::string scripted_server::domain() const { return "127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> scripted_server::requests() {
  std::lock_guard guard(mutex_);
  return requests_;
}

std::string scripted_server::response(const std::string& status, const std::string& headers,
                                      const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool scripted_server::wait_readable(int descriptor) const {
  pollfd both[] = {{descriptor, POLLIN, 0}, {stop_event_, POLLIN, 0}};
  return ::poll(both, 2, -1) > 0 && !both[1].revents;
}

void scripted_server::serve() {
  while (wait_readable(listener_)) {
    int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) answer_one(connection);
  }
}

std::string scripted_server::read_request(int connection) {
  std::string request;
  char buffer[16 * 1024];
  for (;;) {
    auto end = request.find("\r\n\r\n");
    if (end != std::string::npos && request.size() >= end + 4 + content_length(request.substr(0, end)))
      return request;
    if (!wait_readable(connection)) return {};
    auto count = ::recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) return {};
    request.append(buffer, static_cast<size_t>(count));
  }
}

void scripted_server::answer_one(int connection) {
  auto request = read_request(connection);
  std::string answer;
  if (!request.empty()) {
    {
      std::lock_guard guard(mutex_);
      requests_.push_back(request);
    }
    answer = answer_(request);
  }
  send_answer(connection, answer);
}

void scripted_server::send_answer(int connection, const std::string& answer) {
  auto begins = [&](const char* manner) { return answer.starts_with(manner); };
  auto rest = [&] { return answer.substr(answer.find('\n') + 1); };
  if (begins("STALL\n")) {
    send_all(connection, rest());
    hanging_.push_back(connection);
    return;
  }
  if (answer == endless()) {
    send_endless(connection);
  } else if (begins("DRIP\n")) {
    send_drip(connection, rest());
  } else if (begins("RESET\n")) {
    send_all(connection, rest());
    linger at_once{1, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  } else {
    send_all(connection, answer);
  }
  ::close(connection);
}

void scripted_server::send_endless(int connection) const {
  const std::string piece(64 * 1024, ' ');
  bool open = send_all(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                   "Content-Type: application/vnd.oci.image.index.v1+json\r\n\r\n");
  while (open)
    open = send_all(connection, piece);
}

void scripted_server::send_drip(int connection, const std::string& order) const {
  constexpr int pause_ms = 5;
  auto line = order.find('\n');
  const auto size = std::stoul(order.substr(0, line));
  const auto more = order.substr(line + 1 + size);
  bool open = send_all(connection, order.substr(line + 1, size));
  for (size_t at = 0; open; at = (at + 1) % more.size()) {
    pollfd both[] = {{connection, POLLRDHUP, 0}, {stop_event_, POLLIN, 0}};
    open = ::poll(both, 2, pause_ms) == 0 && send_all(connection, more.substr(at, 1));
  }
}

refusing_port::refusing_port() : socket_(bound_socket(port_)) {}

refusing_port::~refusing_port() { ::close(socket_); }

} // namespace ib::test
