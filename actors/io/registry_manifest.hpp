#pragma once

#include "actors/io/image_manifest.hpp"
#include "actors/io/registry_session.hpp"

#include <string>

namespace ib::io {

/// A manifest as a registry has it.
struct registry_manifest {
  std::string digest;     ///< "sha256:…"
  std::string media_type; ///< one of the four that kind_of() knows
  std::string body;       ///< its bytes; empty after a HEAD
};

/// The manifest a tag or digest names, by HEAD; by GET where the HEAD does not tell enough. The digest is
/// verified against the bytes or, after a HEAD, against the digest asked for. Errors have full context.
task<result<registry_manifest>> find_manifest(registry_access access, std::string path, std::string name);

/// The same with the bytes, at most 4 MiB.
task<result<registry_manifest>> get_manifest(registry_access access, std::string path, std::string name);

/// The text of a digest of `bytes`.
std::string digest_of(std::string_view bytes);

} // namespace ib::io
