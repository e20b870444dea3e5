#include "actors/io/registry_manifest.hpp"

#include "actors/domain/reference.hpp"
#include "actors/domain/sha256.hpp"

#include <utility>

namespace ib::io {

namespace {

constexpr size_t max_manifest_bytes = 4'194'304;

error corrupt(std::string message) { return {error_code::data_corrupt, std::move(message)}; }

bool is_sha256(const std::string& text) { return text.starts_with("sha256:") && is_digest(text); }

/// Content-Type without its parameters.
std::string media_type_of(const http_response& response) {
  auto value = response.headers.first("Content-Type");
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' '))
    value.pop_back();
  return value;
}

http_request manifest_request(const registry_access& access, http_method method, const std::string& path,
                              const std::string& name) {
  auto request = request_to(access, method, path + "/manifests/" + name);
  request.headers.set("Accept", manifest_accept);
  request.max_body_bytes = max_manifest_bytes;
  return request;
}

/// The type is the one the registry announces; it is never guessed from the content.
result<void> check_type(const std::string& media_type) {
  if (kind_of(media_type) != manifest_kind::none) return {};
  return corrupt("it answered with the media type \"" + media_type.substr(0, 100) +
                 "\", which is no image manifest or index");
}

result<void> check_digests(const http_response& response, const std::string& computed,
                           const std::string& name) {
  auto announced = response.headers.first("Docker-Content-Digest");
  if (announced.starts_with("sha256:") && announced != computed)
    return corrupt("the bytes have the digest " + computed + ", announced was " + announced.substr(0, 80));
  if (is_digest(name) && name != computed)
    return corrupt("the bytes have the digest " + computed + ", asked for was " + name);
  return {};
}

/// What a HEAD tells; an empty digest where that is not enough.
result<registry_manifest> read_head(const http_response& response, const std::string& name) {
  registry_manifest manifest{response.headers.first("Docker-Content-Digest"), media_type_of(response), {}};
  if (!is_sha256(manifest.digest) || manifest.media_type.empty()) return registry_manifest{};
  if (auto type = check_type(manifest.media_type); !type) return type.error();
  if (is_digest(name) && manifest.digest != name)
    return corrupt("it answered with the digest " + manifest.digest + ", asked for was " + name);
  return manifest;
}

result<registry_manifest> read_get(http_response response, const std::string& name) {
  registry_manifest manifest{digest_of(response.body), media_type_of(response), {}};
  if (auto type = check_type(manifest.media_type); !type) return type.error();
  if (auto digests = check_digests(response, manifest.digest, name); !digests) return digests.error();
  if (auto content = check_manifest(response.body, manifest.media_type); !content) return content.error();
  manifest.body = std::move(response.body);
  return manifest;
}

/// Statuses of registries that do not serve HEAD for manifests.
bool lacks_head(int status) { return status == 405 || status == 501; }

} // namespace

std::string digest_of(std::string_view bytes) { return "sha256:" + sha256_hex(bytes); }

task<result<registry_manifest>> find_manifest(registry_access access, std::string path, std::string name) {
  auto sending = registry_send(access, manifest_request(access, http_method::head, path, name));
  auto response = co_await sending;
  if (!response) co_return describe(access.topic, response.error());
  if (response->status != 200 && !lacks_head(response->status)) co_return refusal(access.topic, *response);
  if (response->status == 200) {
    auto told = read_head(*response, name);
    if (!told) co_return describe(access.topic, told.error());
    if (!told->digest.empty()) co_return told;
  }
  auto getting = get_manifest(std::move(access), std::move(path), std::move(name));
  auto manifest = co_await getting;
  co_return manifest;
}

task<result<registry_manifest>> get_manifest(registry_access access, std::string path, std::string name) {
  auto sending = registry_send(access, manifest_request(access, http_method::get, path, name));
  auto response = co_await sending;
  if (!response) co_return describe(access.topic, response.error());
  if (response->status != 200) co_return refusal(access.topic, *response);
  auto manifest = read_get(std::move(*response), name);
  if (!manifest) co_return describe(access.topic, manifest.error());
  co_return manifest;
}

} // namespace ib::io
