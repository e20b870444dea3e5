#include "actors/io/registry_publish.hpp"

#include "actors/io/http_await.hpp"
#include "actors/io/http_url.hpp"
#include "actors/io/registry_manifest.hpp"

#include <algorithm>
#include <utility>

// Round trips of a publication within one registry: one GET of the manifest, one POST per blob (all at once),
// one PUT. An index adds the same for its children, all of them at once.

namespace ib::io {

namespace {

using std::chrono::milliseconds;
using clock = registry_access::clock;

/// A publication makes many requests, each as long as a lookup at most; together they must end too.
constexpr int timeouts_per_publication = 4;
constexpr int max_index_depth = 3;
/// How often a manifest is sent that the registry could not check for the moment, and how long is waited
/// then.
constexpr int manifest_tries = 5;
constexpr milliseconds manifest_pause{200};

/// Both ends of a publication.
struct publication {
  registry_access source;
  registry_access target;
  std::string from; ///< repositories
  std::string to;
};

enum class blob_state : uint8_t { mounted, present };

/// Writing is refused with 403 to those who are known.
error write_refusal(const registry_topic& topic, const http_response& response) {
  auto cause = status_error(response);
  if (response.status == 403) cause.code = error_code::permission_denied;
  return describe(topic, std::move(cause));
}

/// Gives an upload back that the registry opened instead of mounting; its outcome changes nothing.
task<result<http_response>> cancel_upload(registry_access access, http_response opened) {
  auto location = resolve_url(opened.url, opened.headers.first("Location"));
  auto asked = parse_origin(opened.url);
  if (!location || !asked) co_return error{error_code::data_corrupt, "no valid upload location"};
  auto upload = parse_origin(*location);
  if (!upload || !(*upload == *asked)) co_return error{error_code::unavailable, "the upload is elsewhere"};
  auto request = request_to(access, http_method::del, {});
  request.url = *location;
  auto sending = registry_send(std::move(access), std::move(request));
  auto response = co_await sending;
  co_return response;
}

/// Makes one blob of the source repository visible in the target repository.
task<result<blob_state>> mount_blob(publication work, std::string digest) {
  auto path = work.to + "/blobs/uploads/?mount=" + digest + "&from=" + percent_encode(work.from);
  auto sending = registry_send(work.target, request_to(work.target, http_method::post, path));
  auto response = co_await sending;
  if (!response) co_return describe(work.target.topic, response.error());
  if (response->status == 201) co_return blob_state::mounted;
  if (response->status != 202) co_return write_refusal(work.target.topic, *response);

  auto cancelling = cancel_upload(work.target, *response);
  auto cancelled = co_await cancelling;
  if (!cancelled && cancelled.error().code == error_code::cancelled)
    co_return describe(work.target.topic, cancelled.error());
  // A registry that cannot mount may have the blob in the repository all the same.
  auto looking =
      registry_send(work.target, request_to(work.target, http_method::head, work.to + "/blobs/" + digest));
  auto there = co_await looking;
  if (there && there->status == 200) co_return blob_state::present;
  co_return describe(work.target.topic,
                     {error_code::failed_precondition, "it refuses to mount the blob " + digest + " from " +
                                                           work.source.endpoint.domain + "/" + work.from});
}

void count(published_image& image, blob_state state) {
  if (state == blob_state::mounted)
    ++image.blobs_mounted;
  else
    ++image.blobs_present;
}

/// Mounts all blobs of an image manifest that the target repository needs.
task<result<published_image>> mount_blobs(publication work, std::vector<manifest_blob> blobs) {
  published_image image;
  std::erase_if(blobs, [](const manifest_blob& blob) { return blob.foreign; });
  if (work.from == work.to) {
    image.blobs_present = blobs.size();
    co_return image;
  }
  size_t next = 0;
  // The first one alone where a token is needed: the others then share it.
  if (!blobs.empty() && (is_challenged(work.source) || is_challenged(work.target))) {
    auto mounting = mount_blob(work, blobs[next++].digest);
    auto state = co_await mounting;
    if (!state) co_return state.error();
    count(image, *state);
  }
  std::vector<task<result<blob_state>>> mounts;
  mounts.reserve(blobs.size());
  for (; next < blobs.size(); ++next)
    mounts.push_back(mount_blob(work, blobs[next].digest));
  gather<blob_state> all(std::move(mounts));
  auto states = co_await all;
  for (const auto& state : states) {
    if (!state) co_return state.error();
    count(image, *state);
  }
  co_return image;
}

/// docker-registry on a file system looks each blob of a manifest up in a file that a push of another image
/// with the same blob may be writing: the empty file is no digest, and the manifest is refused for it. Ours
/// was checked when it was read, so it is right.
bool could_not_check(const http_response& response) {
  return response.status == 400 && response.body.find("DIGEST_INVALID") != std::string::npos;
}

/// Stores a manifest, byte by byte as it is, under a tag or its digest.
task<result<published_image>> put_manifest(publication work, registry_manifest manifest, std::string name,
                                           published_image image) {
  auto request = request_to(work.target, http_method::put, work.to + "/manifests/" + name);
  request.headers.set("Content-Type", manifest.media_type);
  request.body = std::move(manifest.body);
  auto sending = registry_send(work.target, request);
  auto response = co_await sending;
  for (int tries = 1; response && could_not_check(*response) && tries < manifest_tries; ++tries) {
    http_delay pause(*work.target.core->http, manifest_pause);
    if (auto waited = co_await pause; !waited) co_return describe(work.target.topic, waited.error());
    auto sending_again = registry_send(work.target, request);
    response = co_await sending_again;
  }
  if (!response) co_return describe(work.target.topic, response.error());
  if (response->status != 201 && response->status != 200)
    co_return write_refusal(work.target.topic, *response);
  auto stored = response->headers.first("Docker-Content-Digest");
  if (!stored.empty() && stored != manifest.digest)
    co_return describe(work.target.topic,
                       {error_code::data_corrupt, "it stored the manifest as " + stored.substr(0, 80) +
                                                      " instead of " + manifest.digest});
  image.digest = manifest.digest;
  co_return image;
}

task<result<published_image>> publish_manifest(publication work, registry_manifest manifest, std::string name,
                                               int depth);

/// One manifest of an index, under its digest.
task<result<published_image>> publish_child(publication work, std::string digest, int depth) {
  auto getting = get_manifest(work.source, work.from, digest);
  auto child = co_await getting;
  if (!child) co_return child.error();
  auto publishing = publish_manifest(std::move(work), std::move(*child), digest, depth);
  auto image = co_await publishing;
  co_return image;
}

/// Everything an index names, before the index itself.
task<result<published_image>> publish_children(publication work, std::vector<index_entry> entries,
                                               int depth) {
  std::vector<task<result<published_image>>> children;
  children.reserve(entries.size());
  for (const auto& entry : entries)
    children.push_back(publish_child(work, entry.digest, depth));
  gather<published_image> all(std::move(children));
  auto published = co_await all;
  published_image sum;
  for (const auto& child : published) {
    if (!child) co_return child.error();
    sum.blobs_mounted += child->blobs_mounted;
    sum.blobs_present += child->blobs_present;
  }
  co_return sum;
}

task<result<published_image>> publish_contents(publication work, registry_manifest manifest, int depth) {
  if (kind_of(manifest.media_type) == manifest_kind::image) {
    auto blobs = parse_blobs(manifest.body);
    if (!blobs) co_return describe(work.source.topic, blobs.error());
    auto mounting = mount_blobs(std::move(work), std::move(*blobs));
    auto image = co_await mounting;
    co_return image;
  }
  auto entries = parse_index(manifest.body);
  if (!entries) co_return describe(work.source.topic, entries.error());
  if (depth >= max_index_depth)
    co_return describe(work.source.topic, {error_code::data_corrupt, "indexes nested too deeply"});
  auto publishing = publish_children(std::move(work), std::move(*entries), depth + 1);
  auto image = co_await publishing;
  co_return image;
}

task<result<published_image>> publish_manifest(publication work, registry_manifest manifest, std::string name,
                                               int depth) {
  auto preparing = publish_contents(work, manifest, depth);
  auto image = co_await preparing;
  if (!image) co_return image;
  auto putting = put_manifest(std::move(work), std::move(manifest), std::move(name), std::move(*image));
  auto stored = co_await putting;
  co_return stored;
}

} // namespace

task<result<published_image>> publish_image(std::shared_ptr<registry_core> core, publish_order order) {
  registry_topic topic{"cannot publish image", order.to.to_string(), order.to.domain, {}};
  if (order.from.domain != order.to.domain)
    co_return describe(topic, {error_code::failed_precondition,
                               "its base " + order.from.to_string() + " is in another registry"});
  if (order.to.tag.empty())
    co_return describe(topic, {error_code::invalid_argument, "an image is published under a tag"});
  const auto endpoint = endpoint_of(core->settings, order.to.domain);
  const auto deadline =
      clock::now() + timeouts_per_publication * milliseconds(core->settings.request_timeout_ms);

  credential_order reader{order.auth, order.from_purpose};
  registry_topic reading_topic{"cannot resolve image", order.from.to_string(), order.from.domain, {}};
  auto opening_source = open_access(core, endpoint, std::move(reader), std::move(reading_topic), deadline);
  auto source = co_await opening_source;
  if (!source) co_return source.error();
  source->scope = "repository:" + order.from.path + ":pull";
  source->asker = order.asker;

  credential_order writer{order.auth, registry_purpose::own_image};
  auto opening_target = open_access(core, endpoint, std::move(writer), std::move(topic), deadline);
  auto target = co_await opening_target;
  if (!target) co_return target.error();
  target->scope = "repository:" + order.to.path + ":pull,push";
  if (order.from.path != order.to.path) target->scope += " repository:" + order.from.path + ":pull";

  target->asker = order.asker;
  const auto name = order.from.digest.empty() ? order.from.tag : order.from.digest;
  auto getting = get_manifest(*source, order.from.path, name);
  auto manifest = co_await getting;
  if (!manifest) co_return manifest.error();
  publication work{std::move(*source), std::move(*target), order.from.path, order.to.path};
  auto publishing = publish_manifest(std::move(work), std::move(*manifest), order.to.tag, 0);
  auto image = co_await publishing;
  co_return image;
}

} // namespace ib::io
