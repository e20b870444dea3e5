#include "actors/io/http_stream.hpp"

#include "actors/domain/registry_settings.hpp"
#include "actors/io/http_url.hpp"

#include <algorithm>
#include <utility>

namespace ib::io {

namespace {

constexpr long buffer_bytes = 1024; ///< of each stream, for as long as it lives; the least there is
constexpr long keepalive_idle_s = 30;
constexpr long keepalive_interval_s = 10;

curl_slist* append(curl_slist* fields, const std::string& line) {
  // A line break in a value would be a header of its own.
  std::string text;
  std::copy_if(line.begin(), line.end(), std::back_inserter(text),
               [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  auto* longer = curl_slist_append(fields, text.c_str());
  return longer != nullptr ? longer : fields;
}

} // namespace

http_stream::http_stream(http_streams::stream_id id, http_request request, stream_listener listener)
    : id_(id),
      request_(std::make_unique<const http_request>(std::move(request))),
      listener_(std::move(listener)) {}

http_stream::~http_stream() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(fields_);
}

CURL* http_stream::prepare(std::function<void()> connected) {
  handle_ = curl_easy_init();
  if (handle_ == nullptr) return nullptr;
  connected_ = std::move(connected);
  const auto request = std::exchange(request_, nullptr); // libcurl has copies of what it needs
  for (const auto& field : request->headers)
    fields_ = append(fields_, field.name + ": " + field.value);
  curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle_, CURLOPT_URL, request->url.c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, words_);
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, fields_);
  curl_easy_setopt(handle_, CURLOPT_USERAGENT, "image-builder");
  curl_easy_setopt(handle_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // Each stream has a connection of its own: among ten thousand, looking for one to share takes longer.
  curl_easy_setopt(handle_, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle_, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle_, CURLOPT_BUFFERSIZE, buffer_bytes);
  // A silent stream is as good as any; a dead peer is found by probes.
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPIDLE, keepalive_idle_s);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPINTVL, keepalive_interval_s);
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request->connect_timeout.count()));
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(request->total_timeout.count()));
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &http_stream::on_body);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_PREREQFUNCTION, &http_stream::on_connected);
  curl_easy_setopt(handle_, CURLOPT_PREREQDATA, this);
  // The system's CAs from their folder, each read when it is needed: the bundle of all of them would be read
  // and kept for every connection.
  curl_easy_setopt(handle_, CURLOPT_CAINFO, request->ca_file.empty() ? nullptr : request->ca_file.c_str());
  curl_easy_setopt(handle_, CURLOPT_CAPATH, "/etc/ssl/certs");
  auto origin = parse_origin(request->url);
  if (origin && is_loopback_domain(origin->host)) curl_easy_setopt(handle_, CURLOPT_PROXY, "");
  return handle_;
}

size_t http_stream::on_body(char* data, size_t size, size_t count, void* self) {
  auto& stream = *static_cast<http_stream*>(self);
  auto bytes = size * count;
  if (stream.status() != 200) {
    stream.other_status_ = true;
    return 0;
  }
  return stream.listener_.on_body(std::string_view(data, bytes)) ? bytes : CURL_WRITEFUNC_PAUSE;
}

int http_stream::on_connected(void* self, char*, char*, int, int) {
  auto& stream = *static_cast<http_stream*>(self);
  if (auto tell = std::exchange(stream.connected_, nullptr)) tell();
  return CURL_PREREQFUNC_OK;
}

long http_stream::status() const {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

result<int> http_stream::outcome(CURLcode code) const {
  if (code == CURLE_OK || other_status_) return static_cast<int>(status());
  char* url = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_EFFECTIVE_URL, &url);
  auto peer = parse_origin(url != nullptr ? url : "");
  auto words = (peer ? peer->name() : "server") + ": ";
  words += words_[0] != '\0' ? words_ : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT && status() != 0)
    return error{error_code::deadline_exceeded, words, "", {}};
  return error{error_code::unavailable, words, "", {}};
}

} // namespace ib::io
