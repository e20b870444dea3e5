#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

/// One way to authenticate that a server offers in WWW-Authenticate (RFC 9110, section 11.6.1).
struct auth_challenge {
  std::string scheme;                            ///< lower case: "basic", "bearer"
  std::map<std::string, std::string> parameters; ///< names in lower case

  /// A parameter's value, empty where it is missing.
  std::string parameter(const std::string& name) const;
};

/// Parses one field value, which may hold several challenges. What cannot be understood ends the list; what
/// came before it is kept.
std::vector<auth_challenge> parse_challenges(std::string_view value);

} // namespace ib::io
