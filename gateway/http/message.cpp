#include "gateway/http/message.hpp"

#include <algorithm>
#include <optional>

namespace ib::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

error bad_target(std::string why) { return {error_code::invalid_argument, std::move(why), "target", {}}; }

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      auto high = hex_digit(text[i + 1]);
      auto low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    out += c;
  }
  return out;
}

/// The text before the next separator; moves behind it.
std::string_view cut(std::string_view& rest, char separator) {
  auto end = rest.find(separator);
  auto piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

result<void> read_query(std::string_view text, request& into) {
  while (!text.empty()) {
    auto pair = cut(text, '&');
    auto name = decode(cut(pair, '='), true);
    auto value = decode(pair, true);
    if (!name || !value) return bad_target("the query is not well encoded");
    if (!name->empty()) into.query.insert_or_assign(*name, *value);
  }
  return {};
}

} // namespace

const std::string* request::header(std::string_view name) const {
  auto same = [&](const auto& field) {
    return std::equal(field.first.begin(), field.first.end(), name.begin(), name.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
  };
  auto found = std::find_if(headers.begin(), headers.end(), same);
  return found == headers.end() ? nullptr : &found->second;
}

response plain(int status, std::string_view words) {
  response answer;
  answer.status = status;
  answer.body = std::string(words) + "\n";
  return answer;
}

response json_answer(std::string text, int status) {
  return {status, "application/json", std::move(text), {}};
}

std::string_view reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 202:
    return "Accepted";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 413:
    return "Content Too Large";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  default:
    return "Status";
  }
}

result<void> read_target(std::string_view target, request& into) {
  // The absolute form, as if a proxy were asked: what is before the path names us.
  if (auto scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return bad_target("the target is not a path");
  auto rest = target.substr(1);
  auto path = cut(rest, '?');
  auto query = cut(rest, '#');
  for (bool more = !path.empty(); more;) {
    more = path.find('/') != std::string_view::npos;
    auto segment = decode(cut(path, '/'), false);
    if (!segment) return bad_target("the path is not well encoded");
    into.path.push_back(std::move(*segment));
  }
  return read_query(query, into);
}

std::string head_text(const response& answer, std::string_view framing, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += reason(answer.status);
  text += "\r\nServer: image-builder\r\nX-Content-Type-Options: nosniff\r\nContent-Type: ";
  text += answer.content_type;
  text += "\r\n";
  text += framing;
  bool cache_is_said = false;
  for (const auto& [name, value] : answer.headers) {
    cache_is_said = cache_is_said || name == "Cache-Control";
    text += name + ": " + value + "\r\n";
  }
  if (!cache_is_said) text += "Cache-Control: no-store\r\n";
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

} // namespace ib::http
