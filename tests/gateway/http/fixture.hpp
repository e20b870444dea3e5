#pragma once

#include "gateway/http/server.hpp"
#include "tests/support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace ib::test {

/// What a test writes for the readers of a stream, which pull it; any thread.
class tap {
public:
  void write(std::string piece) {
    change([&] { pieces_.push_back(std::move(piece)); });
  }
  void end(http::pulled how = http::pulled::end) {
    change([&] { end_ = how; });
  }

  http::pulled take(size_t& position, std::string& piece) {
    std::lock_guard held(lock_);
    if (position == pieces_.size()) return end_;
    piece = pieces_[position++];
    return http::pulled::piece;
  }
  bool park(size_t position, const std::shared_ptr<http::waker>& who) {
    std::lock_guard held(lock_);
    if (position < pieces_.size() || end_ != http::pulled::nothing) return false;
    sleepers_.push_back(who);
    parked_.notify_all();
    return true;
  }
  /// Waits until a reader has everything and waits for more.
  void wait_for_sleeper() {
    std::unique_lock held(lock_);
    if (!parked_.wait_for(held, std::chrono::seconds(60), [&] { return !sleepers_.empty(); }))
      throw std::runtime_error("no reader parked");
  }

  std::atomic<int> readers{0};

private:
  template <class Change>
  void change(Change apply) {
    std::deque<std::shared_ptr<http::waker>> woken;
    {
      std::lock_guard held(lock_);
      apply();
      woken.swap(sleepers_);
    }
    for (const auto& one : woken)
      one->wake();
  }

  std::mutex lock_;
  std::condition_variable parked_;
  std::vector<std::string> pieces_;
  http::pulled end_ = http::pulled::nothing;
  std::deque<std::shared_ptr<http::waker>> sleepers_;
};

class tap_reader final : public http::body_source {
public:
  explicit tap_reader(std::shared_ptr<tap> from) : from_(std::move(from)) { ++from_->readers; }
  ~tap_reader() override {
    --from_->readers;
    from_->readers.notify_all();
  }
  http::pulled next(std::string& piece) override { return from_->take(position_, piece); }
  bool park(const std::shared_ptr<http::waker>& who) override { return from_->park(position_, who); }

private:
  std::shared_ptr<tap> from_;
  size_t position_ = 0;
};

/// A server with a few routes, on a free port.
class served {
public:
  explicit served(const http::limits& limit = {}, const std::string& address = "127.0.0.1:0",
                  std::optional<config::tls_files> tls = std::nullopt)
      : server(make(address, std::move(tls), limit)) {
    http::router routes;
    routes.get("/hello", [](const auto&, const auto& to) { to->answer(http::plain(200, "hello")); });
    routes.on("POST", "/echo", [](const auto& asked, const auto& to) {
      to->answer({200, "application/octet-stream", asked.body, {}});
    });
    routes.get("/later", [this](const auto&, const auto& to) { later.set_value(to); });
    routes.get("/lost", [](const auto&, const auto&) {});
    routes.get("/throws",
               [](const auto&, const auto&) { throw std::runtime_error("a fault of the handler"); });
    routes.get("/stream", [water = water](const auto&, const auto& to) {
      to->stream({}, std::make_unique<tap_reader>(water));
    });
    server->serve(std::move(routes));
  }

  static std::unique_ptr<http::server> make(const std::string& address, std::optional<config::tls_files> tls,
                                            const http::limits& limit) {
    auto made = http::server::listen({address, std::move(tls)}, "test", limit);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }

  /// Waits until no stream is read any more.
  void wait_for_no_reader() {
    for (int now = water->readers; now != 0; now = water->readers)
      water->readers.wait(now);
  }

  std::promise<http::reply_ptr> later; ///< the reply of the one request to /later
  std::shared_ptr<tap> water = std::make_shared<tap>();
  std::unique_ptr<http::server> server;
};

inline std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + more + "\r\n";
}

/// The whole answer to one request on a connection of its own.
inline std::string ask(const http::server& server, const std::string& request) {
  raw_client client(server.address());
  client.send(request);
  return client.read_to_end();
}

inline std::string chunk(const std::string& piece) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  return size + piece + "\r\n";
}

} // namespace ib::test
