#include "actors/io/http_streams.hpp"
#include "tests/support/scripted_server.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace ib;
using namespace ib::io;
using ib::test::refusing_port;
using ib::test::scripted_server;

namespace {

/// What one stream has told.
class heard {
public:
  stream_listener listener() {
    return {[this](std::string_view bytes) { return take(bytes); },
            [this](const result<int>& how) { end_.set_value(how); }};
  }
  result<int> end() {
    auto future = end_.get_future();
    if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
      throw std::runtime_error("the stream did not end within 60 s");
    return future.get();
  }
  std::string body() {
    std::lock_guard lock(mutex_);
    return body_;
  }
  void wait_for_bytes(size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return body_.size() >= count; }))
      throw std::runtime_error("only " + std::to_string(body_.size()) + " bytes came");
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return refused_ > 0; }))
      throw std::runtime_error("nothing came");
  }
  std::atomic<bool> takes{true};

private:
  bool take(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    if (takes)
      body_ += bytes;
    else
      ++refused_;
    changed_.notify_all();
    return takes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string body_;
  int refused_ = 0;
  std::promise<result<int>> end_;
};

http_request request_of(const std::string& domain) {
  http_request request;
  request.url = "http://" + domain + "/stream";
  request.headers.add("x-token", "secret");
  request.total_timeout = std::chrono::hours(1);
  return request;
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Accepts any number of connections; answers none before `expected` are there, then all.
class crowd_server {
public:
  explicit crowd_server(size_t expected) : expected_(expected) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_, any, size);
    ::listen(listener_, 4096);
    ::getsockname(listener_, any, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~crowd_server() {
    thread_.join();
    ::close(listener_);
  }
  crowd_server(const crowd_server&) = delete;
  crowd_server& operator=(const crowd_server&) = delete;
  std::string domain() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  void serve() const {
    std::vector<int> there;
    while (there.size() < expected_) {
      pollfd waits{listener_, POLLIN, 0};
      if (::poll(&waits, 1, 60'000) <= 0) break;
      there.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    }
    const std::string answer = chunked_head + "5\r\nhello\r\n0\r\n\r\n";
    for (int fd : there) {
      std::array<char, 1024> request{};
      static_cast<void>(::recv(fd, request.data(), request.size(), 0));
      static_cast<void>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL));
    }
    for (int fd : there)
      ::close(fd);
  }

  size_t expected_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

} // namespace

TEST_CASE("a stream tells its body and its end", "[streams]") {
  scripted_server server([](const auto&) { return chunked_head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"; });
  http_streams streams;
  heard one;
  streams.open(request_of(server.domain()), one.listener());
  auto end = one.end();
  REQUIRE(end);
  CHECK(*end == 200);
  CHECK(one.body() == "abcde");
  CHECK(server.requests().at(0).find("x-token: secret\r\n") != std::string::npos);
}

TEST_CASE("a body comes while it is sent", "[streams]") {
  scripted_server server([](const auto&) { return scripted_server::stall(chunked_head + "3\r\nabc\r\n"); });
  http_streams streams;
  heard one;
  auto id = streams.open(request_of(server.domain()), one.listener());
  one.wait_for_bytes(3);
  streams.close(id);
  auto end = one.end();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == error_code::cancelled);
  streams.close(id);
  streams.resume(id);
}

TEST_CASE("a status other than 200 has no body, and redirects are not followed", "[streams]") {
  for (const char* status : {"404 Not Found", "302 Found", "204 No Content", "500 Oops"}) {
    CAPTURE(status);
    scripted_server server([&](const auto&) {
      return scripted_server::response(status, "Location: http://127.0.0.1:1/\r\n",
                                       std::string(status).starts_with("204") ? "" : "words");
    });
    http_streams streams;
    heard one;
    streams.open(request_of(server.domain()), one.listener());
    auto end = one.end();
    REQUIRE(end);
    CHECK(*end == std::stoi(status));
    CHECK(one.body().empty());
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("a stream that breaks off is unavailable", "[streams]") {
  for (const auto& answer :
       {chunked_head + "ff\r\nabc", scripted_server::reset(chunked_head + "3\r\nabc\r\n"), std::string()}) {
    scripted_server server([&](const auto&) { return answer; });
    http_streams streams;
    heard one;
    streams.open(request_of(server.domain()), one.listener());
    auto end = one.end();
    REQUIRE_FALSE(end);
    CHECK(end.error().code == error_code::unavailable);
    CHECK(end.error().message.starts_with(server.domain()));
  }
  refusing_port port;
  http_streams streams;
  heard one;
  streams.open(request_of(port.domain()), one.listener());
  CHECK(one.end().error().code == error_code::unavailable);
  heard two;
  streams.open(request_of("not a domain"), two.listener());
  CHECK(two.end().error().code == error_code::invalid_argument);
}

TEST_CASE("a stream that lasts too long ends", "[streams]") {
  scripted_server server([](const auto&) { return scripted_server::stall(chunked_head); });
  http_streams streams;
  heard one;
  auto request = request_of(server.domain());
  request.total_timeout = std::chrono::milliseconds(200);
  streams.open(request, one.listener());
  CHECK(one.end().error().code == error_code::deadline_exceeded);
}

TEST_CASE("what a listener does not take comes again when it resumes", "[streams]") {
  std::string body(300'000, 'x');
  for (size_t i = 0; i < body.size(); i += 10)
    body.replace(i, 10, std::to_string(1'000'000'000 + i));
  scripted_server server([&](const auto&) { return scripted_server::response("200 OK", "", body); });
  http_streams streams;
  heard one;
  one.takes = false;
  auto id = streams.open(request_of(server.domain()), one.listener());
  one.wait_until_asked();
  CHECK(one.body().empty());
  one.takes = true;
  streams.resume(id);
  REQUIRE(one.end());
  CHECK(one.body() == body);
}

TEST_CASE("hundreds of streams run beside each other", "[streams]") {
  constexpr size_t count = 600; // more than connections are made at a time
  crowd_server server(count);
  http_streams streams;
  std::vector<heard> all(count);
  for (auto& one : all)
    streams.open(request_of(server.domain()), one.listener());
  for (auto& one : all) {
    auto end = one.end();
    REQUIRE(end);
    CHECK(one.body() == "hello");
  }
}

TEST_CASE("streams that are stopped end, and later ones at once", "[streams]") {
  scripted_server server([](const auto&) { return scripted_server::stall(chunked_head + "3\r\nabc\r\n"); });
  http_streams streams;
  heard one;
  heard waiting; // the server takes one connection at a time
  streams.open(request_of(server.domain()), one.listener());
  one.wait_for_bytes(3);
  streams.open(request_of(server.domain()), waiting.listener());
  streams.stop();
  CHECK(one.end().error().code == error_code::cancelled);
  CHECK(waiting.end().error().code == error_code::cancelled);
  heard late;
  streams.open(request_of(server.domain()), late.listener());
  CHECK(late.end().error().code == error_code::cancelled);
  streams.stop();
}
