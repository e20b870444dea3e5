#include "actors/io/http_url.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <memory>

namespace ib::io {

namespace {

struct url_deleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using url_handle = std::unique_ptr<CURLU, url_deleter>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

error bad_url() { return {error_code::invalid_argument, "not a valid http or https URL"}; }

url_handle parse(const std::string& text) {
  url_handle url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return nullptr;
  auto scheme = part(url.get(), CURLUPART_SCHEME);
  return scheme == "http" || scheme == "https" ? std::move(url) : nullptr;
}

} // namespace

std::string http_origin::name() const {
  return port == (scheme == "https" ? "443" : "80") ? host : host + ":" + port;
}

result<http_origin> parse_origin(const std::string& url) {
  auto parsed = parse(url);
  if (!parsed) return bad_url();
  http_origin origin{part(parsed.get(), CURLUPART_SCHEME), part(parsed.get(), CURLUPART_HOST),
                     part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (origin.host.empty()) return bad_url();
  return origin;
}

result<std::string> resolve_url(const std::string& base, const std::string& location) {
  auto url = parse(base);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) return bad_url();
  auto scheme = part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return bad_url();
  return part(url.get(), CURLUPART_URL);
}

bool is_redirect(const http_request& request, const http_response& response) {
  if (response.headers.first("Location").empty()) return false;
  if (response.status == 307 || response.status == 308) return true;
  bool reading = request.method == http_method::get || request.method == http_method::head;
  return reading && response.status >= 301 && response.status <= 303;
}

result<http_request> redirected(http_request request, const http_response& response) {
  auto from = parse_origin(request.url);
  if (!from) return from.error();
  auto target = resolve_url(request.url, response.headers.first("Location"));
  if (!target) return error{error_code::data_corrupt, from->name() + ": redirects to an invalid URL"};
  auto to = parse_origin(*target);
  if (!to) return to.error();
  if (from->scheme == "https" && to->scheme == "http")
    return error{error_code::unavailable, from->name() + ": redirects from HTTPS to plain HTTP, refused"};
  if (!(*from == *to)) {
    if (request.method != http_method::get && request.method != http_method::head)
      return error{error_code::unavailable, from->name() + ": redirects a write to another host, refused"};
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
    request.headers.remove("X-Amz-Security-Token");
    request.signature.reset();
    // A private CA is trusted for its own registry alone, and a client certificate shown to it alone.
    request.ca_file.clear();
    request.cert_file.clear();
    request.key_file.clear();
  }
  request.url = std::move(*target);
  return request;
}

} // namespace ib::io
