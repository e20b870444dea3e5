#include "actors/io/registry_failure.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <string_view>

namespace ib::io {

namespace {

using nlohmann::json;

constexpr size_t max_words = 300;
constexpr std::string_view mask = "[redacted]";
constexpr int64_t longest_wait_s = 24 * 60 * 60;

/// The first entry of the distribution spec's error body, or a token service's `details`.
std::string json_words(const std::string& body) {
  auto answer = json::parse(body, nullptr, false);
  if (!answer.is_object()) return {};
  auto errors = answer.find("errors");
  const json* first =
      errors != answer.end() && errors->is_array() && !errors->empty() ? &errors->front() : &answer;
  std::string words;
  for (const auto* name : {"code", "message", "details", "error", "error_description"}) {
    auto found = first->is_object() ? first->find(name) : first->end();
    if (!first->is_object() || found == first->end() || !found->is_string()) continue;
    words += (words.empty() ? "" : ": ") + found->get_ref<const std::string&>();
  }
  return words;
}

/// The first line of a body that is text for people.
std::string text_words(const std::string& body) {
  auto line = body.substr(0, body.find_first_of("\r\n"));
  bool plain = std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain && !line.starts_with('<') && !line.starts_with('{') ? line : std::string();
}

/// One line of valid UTF-8 and bearable length.
std::string tidy(std::string words) {
  for (auto& c : words)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (words.size() <= max_words) return words;
  auto end = max_words;
  while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0) == 0x80)
    --end;
  return words.substr(0, end) + " ...";
}

error_code code_of(int status) {
  if (status == 404) return error_code::not_found;
  if (status == 401 || status == 403) return error_code::unauthenticated;
  if (status == 429) return error_code::too_many_requests;
  if (status == 408 || status >= 500) return error_code::unavailable;
  return error_code::internal;
}

void hide(std::string& text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size()))
      text.replace(at, secret.size(), mask);
  }
}

} // namespace

error describe(const registry_topic& topic, error cause) {
  if (cause.code == error_code::deadline_exceeded) cause.code = error_code::unavailable;
  hide(cause.message, topic.secrets);
  return with_context(std::move(cause), topic.doing + ": " + topic.ref + ": registry " + topic.registry);
}

error status_error(const http_response& response) {
  auto words = json_words(response.body);
  if (words.empty()) words = text_words(response.body);
  auto message = "HTTP " + std::to_string(response.status) + (words.empty() ? "" : ": " + tidy(words));
  error failure{code_of(response.status), std::move(message)};
  if (is_transient(failure.code)) failure.retry_after_ms = retry_after_ms(response.headers);
  return failure;
}

error refusal(const registry_topic& topic, const http_response& response) {
  if (response.status == 404)
    return {error_code::not_found, topic.doing + ": " + topic.ref + ": not found in " + topic.registry};
  return describe(topic, status_error(response));
}

std::optional<int64_t> retry_after_ms(const http_headers& headers) {
  auto value = headers.first("Retry-After");
  if (value.empty()) return std::nullopt;
  int64_t seconds = 0;
  auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failure != std::errc() || end != value.data() + value.size()) {
    auto date = curl_getdate(value.c_str(), nullptr);
    if (date < 0) return std::nullopt;
    // Against the server's own clock where it tells it: ours may differ.
    auto served = curl_getdate(headers.first("Date").c_str(), nullptr);
    auto now = served >= 0 ? served : std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    seconds = date - now;
  }
  return std::clamp<int64_t>(seconds, 0, longest_wait_s) * 1000;
}

} // namespace ib::io
