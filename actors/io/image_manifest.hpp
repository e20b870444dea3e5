#pragma once

#include "actors/domain/registry_settings.hpp"
#include "actors/domain/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

/// What a media type says a manifest is.
enum class manifest_kind : uint8_t { none, image, index };

/// The kind of a media type without parameters; everything but the four types of OCI and Docker v2 is none.
manifest_kind kind_of(std::string_view media_type);

/// All four manifest media types, for an Accept header.
extern const char* const manifest_accept;

/// An entry of an index.
struct index_entry {
  std::string digest;
  std::string media_type;
  image_platform platform;  ///< empty texts where the entry has none
  bool attestation = false; ///< says something about another entry (BuildKit's annotation)
};

/// A blob that an image manifest names.
struct manifest_blob {
  std::string digest;
  bool foreign = false; ///< kept elsewhere (non-distributable layers); a registry need not have it
};

/// Checks that `body` is a JSON object whose own `mediaType`, where it has one, is the announced one.
result<void> check_manifest(std::string_view body, std::string_view media_type);

/// The entries of an image index or manifest list; data_corrupt where it is none.
result<std::vector<index_entry>> parse_index(std::string_view body);

/// Config and layers of an image manifest, each digest once; data_corrupt where it is none.
result<std::vector<manifest_blob>> parse_blobs(std::string_view body);

/// The entry for a platform: variants count as containerd counts them (no variant is v7 on arm, v8 on
/// arm64, v1 on amd64; the highest that is not above the wanted one is taken). Attestations, entries without
/// a platform, nested indexes and entries that are no image are never taken; not_found where nothing is left.
result<index_entry> select_platform(const std::vector<index_entry>& entries, const image_platform& wanted);

} // namespace ib::io
