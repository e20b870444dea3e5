#include "actors/io/image_manifest.hpp"

#include "actors/domain/reference.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace ib::io {

namespace {

using json = nlohmann::json;

constexpr std::string_view oci_image = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view docker_image = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";

constexpr int max_depth = 32;

error corrupt(std::string message) { return {error_code::data_corrupt, std::move(message)}; }

/// What is nested deeper than any manifest is dropped while it is read: building it would keep the client's
/// thread busy for seconds.
json parse(std::string_view body) {
  auto shallow = [](int depth, json::parse_event_t, const json&) { return depth <= max_depth; };
  return json::parse(body.begin(), body.end(), shallow, false);
}

/// A member's text, empty where it is missing or something else.
std::string text_of(const json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end()) return {};
  const auto* text = found->get_ptr<const std::string*>();
  return text ? *text : std::string();
}

const json* list_of(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

bool has_urls(const json& descriptor) {
  const auto* urls = list_of(descriptor, "urls");
  return urls && !urls->empty();
}

bool is_foreign(const json& descriptor) {
  auto type = text_of(descriptor, "mediaType");
  return has_urls(descriptor) || type.find(".foreign.") != std::string::npos ||
         type.find(".nondistributable.") != std::string::npos;
}

bool is_attestation(const json& descriptor) {
  auto annotations = descriptor.find("annotations");
  return annotations != descriptor.end() && annotations->is_object() &&
         text_of(*annotations, "vnd.docker.reference.type") == "attestation-manifest";
}

bool add_blob(const json& descriptor, std::set<std::string>& seen, std::vector<manifest_blob>& blobs) {
  if (!descriptor.is_object()) return false;
  auto digest = text_of(descriptor, "digest");
  if (!is_digest(digest)) return false;
  if (seen.insert(digest).second) blobs.push_back({digest, is_foreign(descriptor)});
  return true;
}

/// The number of a variant "v8", the architecture's own where there is none.
std::optional<int> level_of(const image_platform& platform) {
  std::string_view variant = platform.variant;
  if (variant.empty()) {
    if (platform.architecture == "arm64") return 8;
    return platform.architecture == "arm" ? 7 : 1;
  }
  int level = 0;
  if (variant.front() != 'v') return std::nullopt;
  auto [end, failure] = std::from_chars(variant.data() + 1, variant.data() + variant.size(), level);
  if (failure != std::errc() || end != variant.data() + variant.size()) return std::nullopt;
  return level;
}

/// How well an entry serves the wanted platform; nothing where it does not.
std::optional<int> fitness(const image_platform& have, const image_platform& wanted) {
  if (have.os != wanted.os || have.architecture != wanted.architecture) return std::nullopt;
  auto wanted_level = level_of(wanted);
  auto level = level_of(have);
  if (!wanted_level || !level) return have.variant == wanted.variant ? std::optional<int>(0) : std::nullopt;
  return *level <= *wanted_level ? level : std::nullopt;
}

} // namespace

const char* const manifest_accept = "application/vnd.oci.image.index.v1+json, "
                                    "application/vnd.oci.image.manifest.v1+json, "
                                    "application/vnd.docker.distribution.manifest.list.v2+json, "
                                    "application/vnd.docker.distribution.manifest.v2+json";

manifest_kind kind_of(std::string_view media_type) {
  if (media_type == oci_image || media_type == docker_image) return manifest_kind::image;
  if (media_type == oci_index || media_type == docker_list) return manifest_kind::index;
  return manifest_kind::none;
}

result<void> check_manifest(std::string_view body, std::string_view media_type) {
  auto manifest = parse(body);
  if (!manifest.is_object()) return corrupt("the manifest is no JSON object");
  auto own = text_of(manifest, "mediaType");
  if (!own.empty() && own != media_type)
    return corrupt("the manifest calls itself " + own.substr(0, 100) + " and was announced as " +
                   std::string(media_type));
  return {};
}

result<std::vector<index_entry>> parse_index(std::string_view body) {
  auto index = parse(body);
  const auto* manifests = index.is_object() ? list_of(index, "manifests") : nullptr;
  if (!manifests) return corrupt("the image index has no list of manifests");
  std::vector<index_entry> entries;
  for (const auto& item : *manifests) {
    auto digest = item.is_object() ? text_of(item, "digest") : std::string();
    if (!is_digest(digest)) return corrupt("an entry of the image index has no valid digest");
    index_entry entry{digest, text_of(item, "mediaType"), {"", "", ""}, is_attestation(item)};
    if (auto platform = item.find("platform"); platform != item.end() && platform->is_object())
      entry.platform = {text_of(*platform, "os"), text_of(*platform, "architecture"),
                        text_of(*platform, "variant")};
    entries.push_back(std::move(entry));
  }
  return entries;
}

result<std::vector<manifest_blob>> parse_blobs(std::string_view body) {
  auto manifest = parse(body);
  if (!manifest.is_object()) return corrupt("the image manifest is no JSON object");
  auto config = manifest.find("config");
  const auto* layers = list_of(manifest, "layers");
  if (config == manifest.end() || !layers) return corrupt("the image manifest lacks config or layers");
  std::set<std::string> seen;
  std::vector<manifest_blob> blobs;
  bool valid = add_blob(*config, seen, blobs);
  for (const auto& layer : *layers)
    valid = valid && add_blob(layer, seen, blobs);
  if (!valid) return corrupt("the image manifest has a blob without a valid digest");
  return blobs;
}

result<index_entry> select_platform(const std::vector<index_entry>& entries, const image_platform& wanted) {
  const index_entry* best = nullptr;
  int best_fitness = 0;
  bool nested = false;
  for (const auto& entry : entries) {
    const auto kind = kind_of(entry.media_type);
    nested = nested || kind == manifest_kind::index;
    const bool image = kind == manifest_kind::image && !entry.attestation;
    auto fit = image ? fitness(entry.platform, wanted) : std::nullopt;
    if (!fit || (best && *fit <= best_fitness)) continue;
    best = &entry;
    best_fitness = *fit;
  }
  if (best) return *best;
  auto name = wanted.os + "-" + wanted.architecture + (wanted.variant.empty() ? "" : "-" + wanted.variant);
  const auto* hint = nested ? " (indexes within the index are not followed)" : "";
  return error{error_code::not_found, "no manifest for platform " + name + " found" + hint};
}

} // namespace ib::io
