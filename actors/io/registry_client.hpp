#pragma once

#include "actors/domain/auth_policy.hpp"
#include "actors/domain/reference.hpp"
#include "actors/domain/result.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace ib::io {

/// One question to a registry, with what the asker may use as credentials.
struct registry_lookup {
  reference ref;
  request_auth auth;
  registry_purpose purpose = registry_purpose::resolve;
  bool retry =
      false; ///< retry transient failures up to 3 times with jittered back-off inside 15 s (spec: api.md)
  std::stop_token asker; ///< once it is stopped nobody wants the answer: the lookup may end as `cancelled`
};

/// An image found in a registry.
struct found_image {
  reference ref;          ///< with the digest of the image manifest (of the wanted platform, for an index)
  std::string media_type; ///< of the manifest the digest names
};

/// Publishes the manifest of `from` under `to` without changing a byte of it; blobs are mounted, never moved
/// (spec: engines.md, "Publishing"). Both references are in one registry.
struct publish_order {
  reference from;    ///< tag or digest form
  reference to;      ///< tag form
  request_auth auth; ///< for reading `from`; writing `to` uses the service's own credentials
  registry_purpose from_purpose = registry_purpose::resolve; ///< own_image for an image this service pushed
  std::stop_token asker;                                     ///< see registry_lookup
};

/// What publishing did.
struct published_image {
  std::string digest; ///< of the manifest, same under both names
  size_t blobs_mounted = 0;
  size_t blobs_present = 0; ///< already in the target repository
};

/// Talks to registries (OCI distribution spec v1.1, Docker v2). Calls return at once; `done` is called
/// exactly once, on a thread of the client's own that must not be blocked. Errors are typed, name the
/// registry and the reference, and carry no secret.
class registry_client {
public:
  virtual ~registry_client() = default;

  /// The digest form of a reference (spec: images.md, "Resolution"). `not_found` and
  /// `unauthenticated`/`permission_denied` are told apart from `unavailable` (cannot be reached, 5xx) and
  /// `too_many_requests` (429, with retry_after_ms).
  virtual void resolve(registry_lookup lookup, std::function<void(result<found_image>)> done) = 0;

  /// The manifest digest a reference has right now, of whatever media type, by one HEAD: `not_found` where
  /// there is none. Never answered from a cache.
  virtual void head(registry_lookup lookup, std::function<void(result<found_image>)> done) = 0;

  /// Publishes within one registry; `failed_precondition` where the registry refuses to mount a blob, so that
  /// the caller may copy instead.
  virtual void publish(publish_order order, std::function<void(result<published_image>)> done) = 0;
};

} // namespace ib::io
