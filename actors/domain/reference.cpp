#include "actors/domain/reference.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ib {

namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view legacy_domain = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr size_t max_name_bytes = 255;
constexpr size_t max_tag_bytes = 128;
constexpr size_t max_quoted_bytes = 80;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_hex(char c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }
bool is_path_char(char c) { return is_lower(c) || is_digit(c); }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

/// `part` fit for a message: printable ASCII, not endless, and without anything that may be the user part of
/// a URL.
std::string quoted(std::string_view part) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (part.find('@') != std::string_view::npos) return "(with an \"@\")";
  std::string text = "\"";
  for (char c : part.substr(0, max_quoted_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  return text + (part.size() > max_quoted_bytes ? "…\"" : "\"");
}

error invalid(const std::string& why) {
  return {error_code::invalid_argument, "invalid image reference: " + why, {}, std::nullopt};
}

/// One dot-separated part of a host name: letters, digits and inner hyphens.
bool is_domain_component(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         all_of(text, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_host_name(std::string_view text) {
  for (;;) {
    const auto dot = text.find('.');
    if (!is_domain_component(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_port(std::string_view text) { return !text.empty() && all_of(text, is_digit); }

/// A host name or a bracketed IPv6 address, with an optional port.
bool is_domain(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    if (!all_of(text.substr(1, close - 1), [](char c) { return is_hex(c) || c == ':'; })) return false;
    const auto rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  return is_host_name(text.substr(0, colon));
}

/// The length of a separator at the beginning of `text`: one dot, one or two underscores, any number of
/// hyphens; 0 where there is none.
size_t separator_length(std::string_view text) {
  if (text.starts_with("__")) return 2;
  if (text.starts_with('.') || text.starts_with('_')) return 1;
  return std::min(text.find_first_not_of('-'), text.size());
}

bool is_path_component(std::string_view text) {
  for (;;) {
    const auto word =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_path_char) - text.begin());
    if (word == 0) return false;
    text.remove_prefix(word);
    if (text.empty()) return true;
    const auto separator = separator_length(text);
    if (separator == 0) return false;
    text.remove_prefix(separator);
  }
}

/// What is wrong with a repository path, or nothing.
std::optional<error> check_path(std::string_view path) {
  if (path.empty()) return invalid("the repository name is empty");
  if (std::any_of(path.begin(), path.end(), is_upper)) {
    return invalid("repository name " + quoted(path) + " must be lower case");
  }
  for (std::string_view rest = path;;) {
    const auto slash = rest.find('/');
    const auto component = rest.substr(0, slash);
    if (component.empty()) return invalid("repository name " + quoted(path) + " has an empty component");
    if (!is_path_component(component)) {
      return invalid("repository name component " + quoted(component) + " is malformed");
    }
    if (slash == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_alnum(c) || c == '_'; };
  return !text.empty() && text.size() <= max_tag_bytes && is_word(text.front()) &&
         all_of(text, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

/// Letters first, then letters and digits, in parts joined by one of "-_+.".
bool is_digest_algorithm(std::string_view text) {
  bool part_begins = true;
  for (char c : text) {
    if (part_begins) {
      if (!is_alpha(c)) return false;
      part_begins = false;
    } else if (c == '-' || c == '_' || c == '+' || c == '.') {
      part_begins = true;
    } else if (!is_alnum(c)) {
      return false;
    }
  }
  return !part_begins;
}

/// The hex length that a registered algorithm prescribes.
std::optional<size_t> digest_hex_length(std::string_view algorithm) {
  if (algorithm == "sha256") return 64;
  if (algorithm == "sha384") return 96;
  if (algorithm == "sha512") return 128;
  return std::nullopt;
}

struct split_name {
  std::string_view domain;
  std::string_view rest;
};

/// The first component is a domain when it has a `.` or a `:` or is `localhost`.
split_name split_domain(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = text.substr(0, slash);
  const bool has_domain = slash != std::string_view::npos &&
                          (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  if (!has_domain) return {default_domain, text};
  return {first == legacy_domain ? default_domain : first, text.substr(slash + 1)};
}

/// Parses "[domain/]path".
result<reference> parse_name(std::string_view text) {
  const auto [domain, path] = split_domain(text);
  if (!is_domain(domain)) return invalid("domain " + quoted(domain) + " is malformed");
  if (auto fault = check_path(path)) return *std::move(fault);
  reference ref;
  ref.domain = domain;
  if (domain == default_domain && path.find('/') == std::string_view::npos) ref.path = official_prefix;
  ref.path += path;
  if (ref.repository().size() > max_name_bytes) {
    return invalid("the repository name is longer than " + std::to_string(max_name_bytes) + " characters");
  }
  return ref;
}

/// What is wrong with the text as a whole, or nothing. A text of 64 hex digits is an image id to every Docker
/// client, so it names no repository.
std::optional<error> check_text(std::string_view text) {
  if (text.empty()) return invalid("it is empty");
  if (text.size() == 64 && all_of(text, is_lower_hex)) {
    return invalid("a name of 64 hex digits is an image id, not a repository");
  }
  return std::nullopt;
}

} // namespace

std::string reference::repository() const { return domain + '/' + path; }

std::string reference::to_string() const {
  if (!digest.empty()) return repository() + '@' + digest;
  return repository() + ':' + tag;
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto algorithm = text.substr(0, colon);
  const auto hex = text.substr(colon + 1);
  if (!is_digest_algorithm(algorithm)) return false;
  if (const auto length = digest_hex_length(algorithm))
    return hex.size() == *length && all_of(hex, is_lower_hex);
  return hex.size() >= 32 && all_of(hex, is_hex);
}

result<reference> parse_repository(std::string_view text) {
  if (auto fault = check_text(text)) return *std::move(fault);
  return parse_name(text);
}

result<reference> parse_reference(std::string_view text) {
  if (auto fault = check_text(text)) return *std::move(fault);
  // A colon in the domain is a port, so tag and digest are looked for behind it.
  const auto begin = static_cast<size_t>(split_domain(text).rest.data() - text.data());
  const auto at = text.find('@', begin);
  const auto before_digest = text.substr(0, at);
  const auto colon = before_digest.find(':', begin);
  auto ref = parse_name(before_digest.substr(0, colon));
  if (!ref) return ref;
  if (colon != std::string_view::npos) {
    ref->tag = before_digest.substr(colon + 1);
    if (!is_tag(ref->tag)) return invalid("tag " + quoted(ref->tag) + " is malformed");
  }
  if (at != std::string_view::npos) {
    ref->digest = text.substr(at + 1);
    if (!is_digest(ref->digest)) return invalid("digest " + quoted(ref->digest) + " is malformed");
  }
  if (colon == std::string_view::npos && at == std::string_view::npos) ref->tag = "latest";
  return ref;
}

} // namespace ib
