#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/http_message.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

namespace ib::io {

class http_loop;

/// Bounds of one client.
struct http_client_limits {
  size_t requests_per_host = 16; ///< under way at a time; further ones wait for their turn
  size_t requests = 512;         ///< to all hosts; keeps clear of the process's limit of descriptors
  long idle_connections = 64;    ///< kept open for later requests
};

/// An asynchronous HTTP client: one thread, any number of requests in flight, connections kept and shared,
/// HTTP/2 where offered, proxy environment variables honoured except for loopback hosts. Every callback is
/// called exactly once, on the client's thread, which it must not block; after stop() with `cancelled`,
/// then possibly on the caller's thread.
class http_client {
public:
  using response_callback = std::function<void(result<http_response>)>;
  using timer_callback = std::function<void(result<void>)>;

  explicit http_client(http_client_limits limits = {});
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Sends a request. A response of any status is a value; errors are invalid_argument (URL), unavailable
  /// (DNS, connect, TLS, lost connection), deadline_exceeded, data_corrupt (no HTTP, body over the limit)
  /// and cancelled. Follows up to 5 redirects; credentials never leave the origin they were given for.
  /// Beyond the client's limits a request waits; its total timeout covers that too.
  void send(http_request request, response_callback done);

  /// Calls `done` after `delay` milliseconds.
  void after(std::chrono::milliseconds delay, timer_callback done);

  /// Runs `work` with true on the client's thread, or with false where the client has stopped.
  void post(std::function<void(bool alive)> work);

  /// Cancels everything in flight and ends the thread; returns when every callback has been called (except
  /// on the client's own thread, where it returns at once). Idempotent; not to be called twice at a time.
  void stop();

private:
  std::shared_ptr<http_loop> loop_;
  std::thread thread_;
};

} // namespace ib::io
