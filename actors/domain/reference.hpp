#pragma once

#include "actors/domain/result.hpp"

#include <string>
#include <string_view>

namespace ib {

/// An image reference in its normalised form `domain/path[:tag][@digest]` (spec: images.md, "Reference
/// grammar").
struct reference {
  std::string domain; ///< registry host, with its port where one was given: "docker.io", "localhost:5000"
  std::string path;   ///< repository within the registry: "library/alpine"
  std::string tag;    ///< empty where the reference has a digest only
  std::string digest; ///< "sha256:<64 hex>", or empty

  bool operator==(const reference&) const = default;

  /// "domain/path", the repository without tag and digest.
  std::string repository() const;
  /// The full text: "domain/path@digest" where there is a digest (the tag is dropped), else
  /// "domain/path:tag".
  std::string to_string() const;
};

/// Parses and normalises a familiar or full reference; the error's message says which part is wrong.
result<reference> parse_reference(std::string_view text);

/// Parses a repository name without tag and digest ("localhost:5000/base-images"); used for configuration.
result<reference> parse_repository(std::string_view text);

/// Checks "algorithm:hex" as the reference grammar wants it.
bool is_digest(std::string_view text);

} // namespace ib
