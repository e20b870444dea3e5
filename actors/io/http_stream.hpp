#pragma once

#include "actors/io/http_streams.hpp"

#include <curl/curl.h>
#include <memory>
#include <string>

namespace ib::io {

/// One response of http_streams on its way through libcurl. Lives at one address while the handle points to
/// it.
class http_stream {
public:
  http_stream(http_streams::stream_id id, http_request request, stream_listener listener);
  ~http_stream();
  http_stream(const http_stream&) = delete;
  http_stream& operator=(const http_stream&) = delete;

  /// Makes the handle, once; null where libcurl has no memory. `connected` is called once the request can be
  /// sent.
  CURL* prepare(std::function<void()> connected);
  CURL* handle() const { return handle_; }
  http_streams::stream_id id() const { return id_; }
  /// What libcurl's end means.
  result<int> outcome(CURLcode code) const;
  void finish(const result<int>& how) { listener_.on_end(how); }

private:
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static int on_connected(void* self, char*, char*, int, int);
  long status() const;

  http_streams::stream_id id_;
  std::unique_ptr<const http_request> request_; ///< until prepare()
  stream_listener listener_;
  std::function<void()> connected_;
  CURL* handle_ = nullptr;
  curl_slist* fields_ = nullptr;
  bool other_status_ = false; ///< a body that is not told
  char words_[CURL_ERROR_SIZE] = {};
};

} // namespace ib::io
