#include "actors/io/http_loop.hpp"

#include <algorithm>
#include <csignal>

namespace ib::io {

namespace {

constexpr size_t max_idle_handles = 64;
constexpr int longest_poll_ms = 60'000;

error cancelled() { return {error_code::cancelled, "the HTTP client is stopping"}; }

} // namespace

http_loop::http_loop(http_client_limits limits) {
  curl_global_init(CURL_GLOBAL_DEFAULT); // counted and thread-safe in libcurl 7.84 and later
  multi_ = curl_multi_init();
  if (!multi_) return;
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connections_per_host);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, limits.idle_connections);
}

http_loop::~http_loop() {
  for (auto* handle : idle_)
    curl_easy_cleanup(handle);
  if (multi_) curl_multi_cleanup(multi_);
}

void http_loop::run() {
  // Signals are the main thread's business; a peer that closes while we write must not raise SIGPIPE here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  thread_id_ = std::this_thread::get_id();
  while (multi_ && !stopping_) {
    run_posted();
    fire_timers();
    int running = 0;
    curl_multi_perform(multi_, &running);
    collect_finished();
    if (!queue_.empty() || stopping_) continue;
    curl_multi_poll(multi_, nullptr, 0, poll_timeout_ms(), nullptr);
  }
  cancel_all();
  queue_.close();
}

void http_loop::post(work_queue::work piece) {
  queue_.push(std::move(piece));
  if (multi_ && thread_id_.load() != std::this_thread::get_id()) curl_multi_wakeup(multi_);
}

void http_loop::stop() {
  stopping_ = true;
  if (multi_) curl_multi_wakeup(multi_);
}

void http_loop::submit(std::unique_ptr<http_transfer> transfer) {
  auto* handle = take_handle();
  if (!handle || !transfer->prepare(handle)) {
    if (handle) give_back(handle);
    transfer->finish(error{error_code::internal, "no memory for an HTTP request"});
    return;
  }
  active_.emplace(handle, std::move(transfer));
  if (curl_multi_add_handle(multi_, handle) != CURLM_OK) complete(handle, CURLE_FAILED_INIT);
}

void http_loop::add_timer(clock::time_point when, http_client::timer_callback done) {
  timers_.emplace(when, std::move(done));
}

void http_loop::run_posted() {
  for (auto& piece : queue_.take_all())
    piece(true);
}

void http_loop::fire_timers() {
  auto now = clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto done = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    done({});
  }
}

void http_loop::collect_finished() {
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    auto* handle = message->easy_handle; // `message` dies with the handle's removal
    auto code = message->data.result;
    complete(handle, code);
  }
}

void http_loop::complete(CURL* handle, CURLcode code) {
  auto entry = active_.extract(handle);
  curl_multi_remove_handle(multi_, handle);
  if (entry.empty()) return;
  auto transfer = std::move(entry.mapped());
  auto outcome = transfer->outcome(handle, code);
  give_back(handle);
  if (outcome) {
    error why;
    auto next = transfer->follow(*outcome, why);
    if (next == http_transfer::hop::again) return submit(std::move(transfer));
    if (next == http_transfer::hop::refused) return transfer->finish(std::move(why));
  }
  transfer->finish(std::move(outcome));
}

void http_loop::cancel_all() {
  // A callback may send again or set a timer; it is answered in the next round or by the closed queue.
  while (!active_.empty() || !timers_.empty()) {
    auto timers = std::exchange(timers_, {});
    auto active = std::exchange(active_, {});
    for (auto& [handle, transfer] : active) {
      curl_multi_remove_handle(multi_, handle);
      curl_easy_cleanup(handle);
      transfer->finish(cancelled());
    }
    for (auto& [when, done] : timers)
      done(cancelled());
  }
}

int http_loop::poll_timeout_ms() const {
  using namespace std::chrono;
  if (timers_.empty()) return longest_poll_ms;
  auto left = ceil<milliseconds>(timers_.begin()->first - clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, longest_poll_ms));
}

CURL* http_loop::take_handle() {
  if (idle_.empty()) return curl_easy_init();
  auto* handle = idle_.back();
  idle_.pop_back();
  return handle;
}

void http_loop::give_back(CURL* handle) {
  if (idle_.size() >= max_idle_handles) return curl_easy_cleanup(handle);
  curl_easy_reset(handle);
  idle_.push_back(handle);
}

} // namespace ib::io
