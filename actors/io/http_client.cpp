#include "actors/io/http_client.hpp"

#include "actors/io/http_loop.hpp"
#include "actors/io/http_url.hpp"
#include "actors/io/log.hpp"

#include <system_error>

namespace ib::io {

namespace {

error stopped() { return {error_code::cancelled, "the HTTP client has stopped"}; }

} // namespace

http_client::http_client(http_client_limits limits) : loop_(std::make_shared<http_loop>(limits)) {
  try {
    thread_ = std::thread([loop = loop_] { loop->run(); });
  } catch (const std::system_error& e) {
    log_error("cannot start the HTTP thread; every request will fail", {{"cause", e.what()}});
    loop_->close();
  }
}

http_client::~http_client() { stop(); }

void http_client::send(http_request request, response_callback done) {
  auto* loop = loop_.get(); // the queue that holds the work is a member of the loop
  loop->post([loop, request = std::move(request), done = std::move(done)](bool alive) mutable {
    if (!alive) return done(stopped());
    auto origin = parse_origin(request.url);
    if (!origin) return done(origin.error());
    loop->accept(std::move(request), std::move(*origin), std::move(done));
  });
}

void http_client::after(std::chrono::milliseconds delay, timer_callback done) {
  auto* loop = loop_.get();
  auto when = http_loop::clock::now() + delay;
  loop->post([loop, when, done = std::move(done)](bool alive) mutable {
    if (!alive) return done(stopped());
    loop->add_timer(when, std::move(done));
  });
}

void http_client::post(std::function<void(bool alive)> work) { loop_->post(std::move(work)); }

void http_client::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  // Destroyed by one of its own callbacks: the thread finishes by itself, it holds the loop.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

} // namespace ib::io
