#pragma once

#include "actors/io/http_queue.hpp"
#include "actors/io/http_transfer.hpp"
#include "actors/io/work_queue.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

namespace ib::io {

/// What runs on the thread of an http_client. Shared with that thread, so that a client may be destroyed by
/// one of its own callbacks.
class http_loop {
public:
  using clock = std::chrono::steady_clock;

  explicit http_loop(http_client_limits limits);
  ~http_loop();
  http_loop(const http_loop&) = delete;
  http_loop& operator=(const http_loop&) = delete;

  /// The thread's body; returns after stop() when every callback has been called.
  void run();

  /// Any thread.
  void post(work_queue::work piece);
  void stop();
  /// Nothing runs (any more): what comes is answered with `cancelled`.
  void close() { queue_.close(); }

  /// The loop's thread only.
  void accept(http_request request, http_origin origin, http_client::response_callback done);
  void add_timer(clock::time_point when, http_client::timer_callback done);

private:
  struct transfer_under_way {
    CURL* handle;
    std::unique_ptr<http_transfer> transfer;
  };

  void run_posted();
  void fire_timers();
  void collect_finished();
  void submit(std::unique_ptr<http_transfer> transfer);
  void start(std::unique_ptr<http_transfer> transfer);
  void start_waiting();
  void end_late();
  void complete(CURL* handle, CURLcode code);
  void cancel(uint64_t id);
  std::unique_ptr<http_transfer> take_off(CURL* handle);
  void cancel_all();
  int poll_timeout_ms() const;
  CURL* take_handle();
  void give_back(CURL* handle);

  CURLM* multi_;
  work_queue queue_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> thread_id_{};
  std::multimap<clock::time_point, http_client::timer_callback> timers_;
  uint64_t last_id_ = 0;
  http_queue waiting_;
  std::unordered_map<uint64_t, transfer_under_way> active_; ///< by the transfer's id
  std::vector<CURL*> idle_;
};

} // namespace ib::io
