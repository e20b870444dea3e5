#pragma once

#include "actors/domain/result.hpp"

#include <string>
#include <string_view>

namespace ib::io {

/// A checked git remote, its secrets apart from what may be shown, stored or put on a command line.
struct git_remote {
  enum class protocol : uint8_t { https, http, ssh, git, file };
  protocol scheme = protocol::https;
  std::string url;      ///< without password; http and https without any user info
  std::string origin;   ///< "https://host:port", what credentials are bound to; only http and https
  std::string user;     ///< user info of an http or https URL, decoded
  std::string password; ///< the same
};

/// Reads a remote: a URL of the protocols https, http, ssh, git and, where allowed, file (or an absolute
/// local path), or the short form "user@host:path" of ssh. Anything that git would hand to a helper program
/// or take for an option is an invalid_argument naming `field`; no message repeats user info.
result<git_remote> parse_git_remote(std::string_view text, bool allow_file, const std::string& field);

/// A URL as it may be shown: without user info, query and fragment, each of which may be a secret.
std::string shown_url(std::string_view url);

} // namespace ib::io
