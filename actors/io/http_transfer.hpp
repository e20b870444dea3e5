#pragma once

#include "actors/io/http_client.hpp"
#include "actors/io/http_url.hpp"

#include <chrono>
#include <cstdint>
#include <curl/curl.h>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ib::io {

/// One request on its way through libcurl, with its redirects. Lives at one address while a handle points
/// to it.
class http_transfer {
public:
  using clock = std::chrono::steady_clock;

  http_transfer(uint64_t id, http_request request, http_origin origin, http_client::response_callback done);
  ~http_transfer();
  http_transfer(const http_transfer&) = delete;
  http_transfer& operator=(const http_transfer&) = delete;

  uint64_t id() const { return id_; }
  /// Whom the next request goes to: "https://host:port".
  const std::string& host() const { return host_; }
  clock::time_point deadline() const { return deadline_; }
  /// Calls `leave` once nobody wants the answer any more, on whatever thread; at once where that is so.
  void watch(std::function<void()> leave);
  /// Whether it may be sent now.
  result<void> may_start() const;
  /// The outcomes of those that are not under way.
  error abandoned() const;
  error not_in_time() const;

  /// Puts the request on an easy handle that is new or reset; false where libcurl has no memory.
  bool prepare(CURL* handle);
  /// The outcome of a finished handle.
  result<http_response> outcome(CURL* handle, CURLcode code);
  /// Where the response is a redirect to follow: makes its target the request of the next prepare().
  enum class hop : uint8_t { final, again, refused };
  hop follow(const http_response& response, error& why);
  /// Gives the outcome to the caller.
  void finish(result<http_response> outcome);

private:
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  void add_header(std::string_view line);
  void set_method(CURL* handle);
  static void sign(CURL* handle, const aws_signature& how);
  error failure(CURL* handle, CURLcode code) const;

  void aim(http_origin origin);

  const uint64_t id_;
  http_request request_;
  http_origin origin_;
  std::string host_;
  http_client::response_callback done_;
  http_response response_;
  clock::time_point deadline_;
  int redirects_ = 0;
  size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool head_complete_ = false; ///< the empty line after the header fields has come
  std::optional<std::stop_callback<std::function<void()>>> on_leave_;
  curl_slist* fields_ = nullptr;
  char words_[CURL_ERROR_SIZE] = {};
};

} // namespace ib::io
