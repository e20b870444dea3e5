#include "tests/support/wsman_standin/http_side.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

// The sockets of http_side: one thread, any number of connections.

namespace ib::standin {

namespace {

constexpr size_t longest_head = 64 * 1024;

void watch(int poller, int fd, uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(poller, operation, fd, &event);
}

std::string header(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    auto end = head.find("\r\n", at);
    auto line = head.substr(at, end - at);
    auto colon = line.find(':');
    if (colon != name.size()) continue;
    bool same = std::equal(name.begin(), name.end(), line.begin(),
                           [](char a, char b) { return std::tolower(a) == std::tolower(b); });
    if (!same) continue;
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return std::string(value);
  }
  return {};
}

} // namespace

http_side::http_side(book& what) : book_(what) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 4096) != 0 ||
      ::getsockname(listener_, any, &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  bell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  watch(poller_, listener_, EPOLLIN, EPOLL_CTL_ADD);
  watch(poller_, bell_, EPOLLIN, EPOLL_CTL_ADD);
  thread_ = std::thread([this] { run(); });
}

http_side::~http_side() {
  in_loop([this] { stopping_ = true; });
  thread_.join();
  for (auto& [fd, who] : connections_)
    ::close(fd);
  for (int fd : {listener_, poller_, bell_})
    ::close(fd);
}

void http_side::in_loop(const std::function<void()>& work) {
  std::promise<void> done;
  {
    std::lock_guard lock(work_mutex_);
    work_.push_back([&] {
      work();
      done.set_value();
    });
  }
  uint64_t one = 1;
  if (::write(bell_, &one, sizeof one) != sizeof one) throw std::runtime_error("cannot wake the loop");
  done.get_future().wait();
}

void http_side::take_work() {
  uint64_t calls = 0;
  if (::read(bell_, &calls, sizeof calls) < 0 && errno != EAGAIN) throw std::runtime_error("no bell");
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(work_mutex_);
    work.swap(work_);
  }
  for (auto& piece : work)
    piece();
}

void http_side::run() {
  using clock = std::chrono::steady_clock;
  std::array<epoll_event, 256> events{};
  auto next_live = clock::now();
  while (!stopping_) {
    int wait_ms = -1;
    if (live_every_ms_ > 0) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(next_live - clock::now()).count();
      wait_ms = static_cast<int>(std::clamp<int64_t>(left, 0, live_every_ms_));
    }
    int count = ::epoll_wait(poller_, events.data(), events.size(), wait_ms);
    for (int i = 0; i < count; ++i) {
      int fd = events.at(static_cast<size_t>(i)).data.fd;
      auto what = events.at(static_cast<size_t>(i)).events;
      if (fd == bell_) {
        take_work();
      } else if (fd == listener_) {
        accept_all();
      } else if (auto who = connections_.find(fd); who != connections_.end()) {
        if ((what & EPOLLOUT) != 0) flush(*who->second);
        who = connections_.find(fd);
        if (who != connections_.end() && (what & ~EPOLLOUT) != 0) read(*who->second);
      }
    }
    if (live_every_ms_ > 0 && clock::now() >= next_live) {
      next_live = clock::now() + std::chrono::milliseconds(live_every_ms_) / live_slices;
      print_live();
    }
  }
}

void http_side::accept_all() {
  for (;;) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto who = std::make_unique<connection>();
    who->fd = fd;
    connections_[fd] = std::move(who);
    watch(poller_, fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void http_side::read(connection& from) {
  std::array<char, 8192> buffer{};
  auto got = ::recv(from.fd, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return close(from);
  from.in.append(buffer.data(), static_cast<size_t>(got));
  int fd = from.fd;
  for (;;) {
    auto end = from.in.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (from.in.size() > longest_head) close(from);
      return;
    }
    auto head = from.in.substr(0, end + 2);
    from.in.erase(0, end + 4);
    auto first = head.find(' ');
    auto target = head.substr(first + 1, head.find(' ', first + 1) - first - 1);
    answer(from, target, header(head, "x-gitpod-owner-token"));
    if (!connections_.contains(fd)) return;
    flush(from);
    if (!connections_.contains(fd)) return;
  }
}

void http_side::flush(connection& to) {
  while (!to.out.empty()) {
    auto sent = ::send(to.fd, to.out.data(), to.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return watch(poller_, to.fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    // The end of a connection is seen by its next read: whoever calls this still uses it.
    if (sent < 0) return to.out.clear();
    to.out.erase(0, static_cast<size_t>(sent));
  }
  watch(poller_, to.fd, EPOLLIN, EPOLL_CTL_MOD);
  if (to.ends_when_sent) ::shutdown(to.fd, SHUT_RDWR);
}

/// It listens to no terminal any more.
void http_side::detach(connection& which) {
  which.listens = false;
  if (which.workspace.empty()) return;
  std::erase(listening_[{which.workspace, which.terminal}], &which);
  book_.count("listening", -1);
  book_.count("listening:" + which.workspace, -1);
  which.workspace.clear();
}

void http_side::close(connection& which) {
  detach(which);
  int fd = which.fd;
  ::close(fd);
  connections_.erase(fd);
}

std::vector<http_side::connection*> http_side::listeners(const std::string& workspace,
                                                         const std::string& name) {
  auto found = listening_.find({workspace, name});
  if (found == listening_.end()) return {};
  std::vector<connection*> now;
  for (auto* who : found->second)
    if (who->listens) now.push_back(who);
  return now;
}

} // namespace ib::standin
