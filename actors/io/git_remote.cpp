#include "actors/io/git_remote.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace ib::io {

namespace {

constexpr size_t max_url_bytes = 4096;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Spaces too: git passes a remote through programs and text protocols that split at them.
bool is_control_or_space(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

std::optional<git_remote::protocol> protocol_of(std::string_view scheme) {
  auto name = lower(scheme);
  if (name == "https") return git_remote::protocol::https;
  if (name == "http") return git_remote::protocol::http;
  if (name == "ssh") return git_remote::protocol::ssh;
  if (name == "git") return git_remote::protocol::git;
  if (name == "file") return git_remote::protocol::file;
  return std::nullopt;
}

/// Name, or address in brackets, with an optional port. ssh would take a leading '-' for an option.
bool is_host(std::string_view host) {
  if (host.empty() || host.front() == '-' || host.front() == ':') return false;
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

bool is_ssh_user(std::string_view user) {
  if (user.empty() || user.front() == '-') return false;
  return std::all_of(user.begin(), user.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '+';
  });
}

/// Nothing where an escape is broken or stands for a control character: git's credential protocol is lines.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    auto hex = text.substr(i + 1, 2);
    auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
    if (hex.size() != 2 || !std::all_of(hex.begin(), hex.end(), is_hex)) return std::nullopt;
    auto byte = static_cast<unsigned char>(std::stoi(std::string(hex), nullptr, 16));
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

/// The pieces of "scheme://user@host/path"; the path keeps its slash.
struct url_parts {
  std::string_view user_info;
  std::string_view host;
  std::string_view path;
};

url_parts split_url(std::string_view after_scheme) {
  auto authority = after_scheme.substr(0, after_scheme.find_first_of("/?#"));
  auto path = after_scheme.substr(authority.size());
  auto at = authority.rfind('@');
  if (at == std::string_view::npos) return {{}, authority, path};
  return {authority.substr(0, at), authority.substr(at + 1), path};
}

result<git_remote> http_remote(git_remote::protocol scheme, const url_parts& parts,
                               const std::string& field) {
  auto colon = parts.user_info.find(':');
  auto user = percent_decoded(parts.user_info.substr(0, colon));
  auto password = percent_decoded(colon == std::string_view::npos ? std::string_view()
                                                                  : parts.user_info.substr(colon + 1));
  if (!user || !password) return bad_field(field, "the user info of the URL is malformed");
  git_remote remote;
  remote.scheme = scheme;
  remote.origin = scheme == git_remote::protocol::https ? "https://" : "http://";
  remote.origin += lower(parts.host);
  remote.url = remote.origin + std::string(parts.path);
  remote.user = *user;
  remote.password = *password;
  return remote;
}

result<git_remote> ssh_remote(std::string_view user, std::string_view host, std::string_view path,
                              const std::string& field) {
  if (user.find(':') != std::string_view::npos) return bad_field(field, "an ssh URL cannot carry a password");
  if (!user.empty() && !is_ssh_user(user)) return bad_field(field, "the user of the ssh URL is malformed");
  if (!is_host(host)) return bad_field(field, "the host of the ssh URL is malformed");
  git_remote remote;
  remote.scheme = git_remote::protocol::ssh;
  remote.url = "ssh://";
  if (!user.empty()) remote.url.append(user).append("@");
  remote.url.append(host).append(path);
  return remote;
}

/// "user@host:path", where no slash comes before the first colon that is not inside brackets.
result<git_remote> scp_form(std::string_view text, size_t colon, const std::string& field) {
  auto user_host = text.substr(0, colon);
  auto path = text.substr(colon + 1);
  if (path.empty() || path.front() == '-') return bad_field(field, "the path of the ssh remote is malformed");
  auto at = user_host.rfind('@');
  auto user = at == std::string_view::npos ? std::string_view() : user_host.substr(0, at);
  auto host = at == std::string_view::npos ? user_host : user_host.substr(at + 1);
  auto remote = ssh_remote(user, host, {}, field);
  if (!remote) return remote;
  // Kept in the short form: a relative path in it means the remote user's home, which no ssh URL can say.
  auto checked = std::move(remote).value();
  checked.url = std::string(text);
  return checked;
}

result<git_remote> local_remote(std::string url, bool allow_file, const std::string& field) {
  if (!allow_file) return bad_field(field, "protocol \"file\" is not allowed for git remotes");
  git_remote remote;
  remote.scheme = git_remote::protocol::file;
  remote.url = std::move(url);
  return remote;
}

result<git_remote> url_remote(std::string_view text, size_t scheme_end, bool allow_file,
                              const std::string& field) {
  auto scheme = protocol_of(text.substr(0, scheme_end));
  if (!scheme)
    return bad_field(field, "protocol \"" + lower(text.substr(0, scheme_end)) +
                                "\" is not allowed for git remotes; allowed are https, http, ssh and git");
  auto parts = split_url(text.substr(scheme_end + 3));
  if (*scheme == git_remote::protocol::file)
    return parts.host.empty() ? local_remote(std::string(text), allow_file, field)
                              : bad_field(field, "a file URL cannot name a host");
  if (!is_host(parts.host)) return bad_field(field, "the host of the URL is missing or malformed");
  if (parts.path.empty() || parts.path == "/") return bad_field(field, "the URL names no repository");
  if (*scheme == git_remote::protocol::ssh) return ssh_remote(parts.user_info, parts.host, parts.path, field);
  if (*scheme != git_remote::protocol::git) return http_remote(*scheme, parts, field);
  if (!parts.user_info.empty()) return bad_field(field, "a git:// URL cannot carry user info");
  git_remote remote;
  remote.scheme = *scheme;
  remote.url = "git://" + std::string(parts.host) + std::string(parts.path);
  return remote;
}

} // namespace

result<git_remote> parse_git_remote(std::string_view text, bool allow_file, const std::string& field) {
  if (text.empty()) return bad_field(field, "the git remote is missing");
  if (text.size() > max_url_bytes)
    return bad_field(field, "the git remote is longer than " + std::to_string(max_url_bytes) + " bytes");
  if (std::any_of(text.begin(), text.end(), is_control_or_space))
    return bad_field(field, "the git remote holds a space or control character");
  if (text.front() == '-') return bad_field(field, "the git remote begins with a dash");
  auto word_end =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");
  if (word_end != std::string_view::npos) {
    auto rest = text.substr(word_end);
    if (rest.substr(0, 3) == "://") return url_remote(text, word_end, allow_file, field);
    if (rest.substr(0, 2) == "::")
      return bad_field(field, "remote helpers (\"" + std::string(text.substr(0, word_end)) +
                                  "::\") are not allowed");
  }
  if (text.front() == '/') return local_remote(std::string(text), allow_file, field);
  auto bracket = text.find(']');
  auto colon = text.find(':', text.front() == '[' && bracket != std::string_view::npos ? bracket : 0);
  if (colon != std::string_view::npos && colon < text.find('/')) return scp_form(text, colon, field);
  return bad_field(field, "the git remote is neither a URL nor user@host:path");
}

std::string shown_url(std::string_view url) {
  auto end = url.find_first_of("?#");
  url = url.substr(0, end);
  auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  auto parts = split_url(url.substr(scheme_end + 3));
  return std::string(url.substr(0, scheme_end + 3)).append(parts.host).append(parts.path);
}

} // namespace ib::io
