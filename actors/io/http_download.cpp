#include "actors/io/http_download.hpp"

#include <curl/curl.h>
#include <memory>
#include <optional>

namespace ib::io {

namespace {

constexpr long max_redirects = 10;
constexpr long connect_seconds = 30;
constexpr long stalled_seconds = 60; ///< without a byte: the server is taken for gone

/// What the callbacks of one transfer share.
struct transfer {
  const http_download& request;
  const std::stop_token& stop;
  uint64_t received = 0;
  std::optional<error> failure;
};

size_t take_body(char* data, size_t, size_t size, void* context) {
  auto& now = *static_cast<transfer*>(context);
  now.received += size;
  if (now.received > now.request.max_bytes) {
    now.failure = error{error_code::resource_exhausted,
                        "more than " + std::to_string(now.request.max_bytes) + " bytes"};
    return 0;
  }
  auto taken = now.request.on_body({data, size});
  if (taken) return size;
  now.failure = taken.error();
  return 0;
}

int check_stop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<transfer*>(context)->stop.stop_requested() ? 1 : 0;
}

error refusal(long status) {
  auto text = "the server answered " + std::to_string(status);
  if (status == 401) return {error_code::unauthenticated, text};
  if (status == 403) return {error_code::permission_denied, text};
  if (status == 404 || status == 410) return {error_code::not_found, text};
  if (status == 429) return {error_code::too_many_requests, text};
  if (status >= 500) return {error_code::unavailable, text};
  return {error_code::invalid_argument, text};
}

error failure_of(CURL* handle, CURLcode code, const transfer& now) {
  if (now.stop.stop_requested()) return {error_code::cancelled, "stopped"};
  if (now.failure) return *now.failure;
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  switch (code) {
  case CURLE_HTTP_RETURNED_ERROR:
    return refusal(status);
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL: // also of a redirect
  case CURLE_TOO_MANY_REDIRECTS:
    return {error_code::invalid_argument, curl_easy_strerror(code)};
  case CURLE_FILE_COULDNT_READ_FILE:
    return {error_code::not_found, curl_easy_strerror(code)};
  default: // libcurl has a hundred codes, the rest are about the network and the peer
    return {error_code::unavailable, curl_easy_strerror(code)};
  }
}

void set_options(CURL* handle, transfer& now) {
  const auto& request = now.request;
  bool starts_with_https = request.url.size() > 5 && (request.url[4] == 's' || request.url[4] == 'S');
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, request.allow_file ? "http,https,file" : "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, starts_with_https ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, max_redirects);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "image-builder");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stalled_seconds);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &now);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, check_stop);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &now);
}

} // namespace

result<void> download(const http_download& request, std::stop_token stop) {
  std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) return error{error_code::internal, "cannot get " + request.shown + ": libcurl does not start"};
  transfer now{request, stop};
  set_options(handle.get(), now);
  auto code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) return {};
  return with_context(failure_of(handle.get(), code, now), "cannot get " + request.shown);
}

} // namespace ib::io
