#include "actors/io/http_loop.hpp"

#include <algorithm>
#include <csignal>

namespace ib::io {

namespace {

constexpr size_t max_idle_handles = 64;
constexpr int longest_poll_ms = 60'000;

error cancelled() { return {error_code::cancelled, "the HTTP client is stopping"}; }

} // namespace

http_loop::http_loop(http_client_limits limits) : waiting_(limits) {
  curl_global_init(CURL_GLOBAL_DEFAULT); // counted and thread-safe in libcurl 7.84 and later
  multi_ = curl_multi_init();
  if (!multi_) return;
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
    end_late();
    start_waiting();
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

void http_loop::accept(http_request request, http_origin origin, http_client::response_callback done) {
  const auto id = ++last_id_;
  auto transfer = std::make_unique<http_transfer>(id, std::move(request), std::move(origin), std::move(done));
  transfer->watch([this, id] {
    post([this, id](bool alive) {
      if (alive) cancel(id);
    });
  });
  submit(std::move(transfer));
}

void http_loop::submit(std::unique_ptr<http_transfer> transfer) {
  if (waiting_.enter(transfer->host()))
    start(std::move(transfer));
  else
    waiting_.add(std::move(transfer));
}

/// What was said about its host while it waited may keep it from being sent.
void http_loop::start(std::unique_ptr<http_transfer> transfer) {
  if (auto allowed = transfer->may_start(); !allowed) {
    waiting_.leave(transfer->host());
    return transfer->finish(allowed.error());
  }
  auto* handle = take_handle();
  if (!handle || !transfer->prepare(handle)) {
    if (handle) give_back(handle);
    waiting_.leave(transfer->host());
    return transfer->finish(error{error_code::internal, "no memory for an HTTP request"});
  }
  const auto id = transfer->id();
  active_.emplace(id, transfer_under_way{handle, std::move(transfer)});
  if (curl_multi_add_handle(multi_, handle) != CURLM_OK) complete(handle, CURLE_FAILED_INIT);
}

void http_loop::start_waiting() {
  while (auto transfer = waiting_.next())
    start(std::move(transfer));
}

void http_loop::end_late() {
  for (auto& transfer : waiting_.take_late(clock::now()))
    transfer->finish(transfer->not_in_time());
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

std::unique_ptr<http_transfer> http_loop::take_off(CURL* handle) {
  http_transfer* whose = nullptr;
  curl_easy_getinfo(handle, CURLINFO_PRIVATE, &whose);
  auto entry = active_.extract(whose->id());
  curl_multi_remove_handle(multi_, handle);
  waiting_.leave(whose->host());
  return std::move(entry.mapped().transfer);
}

void http_loop::complete(CURL* handle, CURLcode code) {
  auto transfer = take_off(handle);
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

void http_loop::cancel(uint64_t id) {
  auto transfer = waiting_.take(id);
  if (auto entry = active_.find(id); entry != active_.end()) {
    auto* handle = entry->second.handle;
    transfer = take_off(handle);
    give_back(handle);
  }
  if (transfer) transfer->finish(transfer->abandoned());
}

void http_loop::cancel_all() {
  // A callback may send again or set a timer; it is answered in the next round or by the closed queue.
  while (!active_.empty() || !timers_.empty() || waiting_.first_deadline()) {
    auto timers = std::exchange(timers_, {});
    for (auto& transfer : waiting_.take_all())
      transfer->finish(cancelled());
    while (!active_.empty()) {
      auto* handle = active_.begin()->second.handle;
      auto transfer = take_off(handle);
      curl_easy_cleanup(handle);
      transfer->finish(cancelled());
    }
    for (auto& [when, done] : timers)
      done(cancelled());
  }
}

int http_loop::poll_timeout_ms() const {
  using namespace std::chrono;
  auto next = waiting_.first_deadline();
  if (!timers_.empty() && (!next || timers_.begin()->first < *next)) next = timers_.begin()->first;
  if (!next) return longest_poll_ms;
  auto left = ceil<milliseconds>(*next - clock::now()).count();
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
