#include "actors/io/http_transfer.hpp"

#include "actors/domain/registry_settings.hpp"
#include "actors/io/http_url.hpp"

#include <algorithm>

namespace ib::io {

namespace {

constexpr int max_redirects = 5;
constexpr size_t max_header_bytes = 262'144;

const char* method_name(http_method method) {
  switch (method) {
  case http_method::get:
    return "GET";
  case http_method::head:
    return "HEAD";
  case http_method::post:
    return "POST";
  case http_method::put:
    return "PUT";
  case http_method::del:
    return "DELETE";
  }
  return "GET";
}

std::string_view trimmed(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

error_code code_of(CURLcode code) {
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
    return error_code::deadline_exceeded;
  case CURLE_UNSUPPORTED_PROTOCOL: // "Received HTTP/0.9 when not allowed": the URL was checked before
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_BAD_CONTENT_ENCODING:
    return error_code::data_corrupt;
  case CURLE_OUT_OF_MEMORY:
  case CURLE_FAILED_INIT:
    return error_code::internal;
  default: // DNS, connect, TLS, proxy, lost connection: the peer or the way to it
    return error_code::unavailable;
  }
}

} // namespace

http_transfer::http_transfer(uint64_t id, http_request request, http_origin origin,
                             http_client::response_callback done)
    : id_(id),
      request_(std::move(request)),
      done_(std::move(done)),
      deadline_(clock::now() + request_.total_timeout) {
  aim(std::move(origin));
}

http_transfer::~http_transfer() { curl_slist_free_all(fields_); }

void http_transfer::aim(http_origin origin) {
  origin_ = std::move(origin);
  host_ = origin_.scheme + "://" + origin_.host + ":" + origin_.port;
}

void http_transfer::watch(std::function<void()> leave) {
  if (request_.stop.stop_possible()) on_leave_.emplace(request_.stop, std::move(leave));
}

result<void> http_transfer::may_start() const {
  if (request_.stop.stop_requested()) return abandoned();
  return request_.may_start ? request_.may_start() : result<void>();
}

error http_transfer::abandoned() const {
  return {error_code::cancelled, origin_.name() + ": nobody waits for the answer any more"};
}

error http_transfer::not_in_time() const {
  return {error_code::deadline_exceeded,
          origin_.name() + ": too many requests are under way, none ended in time"};
}

bool http_transfer::prepare(CURL* handle) {
  using namespace std::chrono;
  response_ = {};
  response_.url = request_.url;
  header_bytes_ = 0;
  head_complete_ = false;
  curl_slist_free_all(std::exchange(fields_, nullptr));
  for (const auto& field : request_.headers)
    add_header(field.name + ": " + field.value);
  // Bodies are small: waiting for "100 Continue" would cost a round trip. A signature would cover the field
  // that this takes out; libcurl waits for bodies over 1 MiB only.
  if (!request_.signature) add_header("Expect:");
  auto left = std::max<long>(1, duration_cast<milliseconds>(deadline_ - clock::now()).count());

  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words_);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields_);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "image-builder");
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, request_.url.starts_with("https:") ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &http_transfer::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &http_transfer::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  // CAINFO replaces the system's bundle file; the system's folder of CAs stays beside it.
  if (!request_.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, request_.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, "/etc/ssl/certs");
  }
  if (!request_.cert_file.empty()) {
    const auto& key = request_.key_file.empty() ? request_.cert_file : request_.key_file;
    curl_easy_setopt(handle, CURLOPT_SSLCERT, request_.cert_file.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, key.c_str());
  }
  if (is_loopback_domain(origin_.host)) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  set_method(handle);
  if (request_.signature) sign(handle, *request_.signature);
  return fields_ != nullptr;
}

void http_transfer::add_header(std::string_view line) {
  // A line break in a value would be a header of its own.
  std::string text;
  std::copy_if(line.begin(), line.end(), std::back_inserter(text),
               [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  if (auto* longer = curl_slist_append(fields_, text.c_str())) fields_ = longer;
}

void http_transfer::set_method(CURL* handle) {
  if (request_.method == http_method::head) {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method == http_method::post || request_.method == http_method::put) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request_.body.data());
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method_name(request_.method));
}

void http_transfer::sign(CURL* handle, const aws_signature& how) {
  const auto scope = "aws:amz:" + how.region + ":" + how.service;
  curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scope.c_str());
  curl_easy_setopt(handle, CURLOPT_USERNAME, how.access_key.c_str());
  curl_easy_setopt(handle, CURLOPT_PASSWORD, how.secret_key.c_str());
}

size_t http_transfer::on_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<http_transfer*>(self);
  auto bytes = size * count;
  if (transfer.response_.body.size() + bytes > transfer.request_.max_body_bytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.response_.body.append(data, bytes);
  return bytes;
}

size_t http_transfer::on_header(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<http_transfer*>(self);
  std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > max_header_bytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.head_complete_ = trimmed(line).empty();
  // A new status line: what came before belonged to an interim response.
  if (line.starts_with("HTTP/")) transfer.response_.headers = {};
  if (auto colon = line.find(':'); colon != std::string_view::npos && !line.starts_with("HTTP/"))
    transfer.response_.headers.add(std::string(trimmed(line.substr(0, colon))),
                                   std::string(trimmed(line.substr(colon + 1))));
  return line.size();
}

result<http_response> http_transfer::outcome(CURL* handle, CURLcode code) {
  // libcurl takes a connection that ends among the header fields for a response.
  if (code == CURLE_OK && !head_complete_) code = CURLE_GOT_NOTHING;
  if (code != CURLE_OK) return failure(handle, code);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

error http_transfer::failure(CURL* handle, CURLcode code) const {
  auto where = origin_.name() + ": ";
  double connected = 0;
  curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME, &connected);
  // libcurl reports a single line over its own limit of 100 KiB as want of memory.
  const bool endless_line = code == CURLE_OUT_OF_MEMORY && connected > 0;
  if (!head_complete_ && (too_large_ || endless_line))
    return {error_code::data_corrupt, where + "header fields too long"};
  if (too_large_)
    return {error_code::data_corrupt,
            where + "body larger than " + std::to_string(request_.max_body_bytes) + " bytes"};
  auto kind = code_of(code);
  // Nobody answers at all: the peer's absence, not a slow answer.
  if (kind == error_code::deadline_exceeded && connected == 0) kind = error_code::unavailable;
  return {kind, where + (words_[0] ? words_ : curl_easy_strerror(code))};
}

http_transfer::hop http_transfer::follow(const http_response& response, error& why) {
  if (!is_redirect(request_, response)) return hop::final;
  auto next = redirected(request_, response);
  if (next && ++redirects_ > max_redirects) {
    why = {error_code::unavailable,
           origin_.name() + ": more than " + std::to_string(max_redirects) + " redirects"};
    return hop::refused;
  }
  auto origin = next ? parse_origin(next->url) : next.error();
  if (!origin) {
    why = origin.error();
    return hop::refused;
  }
  request_ = std::move(*next);
  aim(std::move(*origin));
  return hop::again;
}

void http_transfer::finish(result<http_response> outcome) { done_(std::move(outcome)); }

} // namespace ib::io
