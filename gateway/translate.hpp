#pragma once

#include "actors/domain/build_source.hpp"
#include "actors/domain/reference.hpp"
#include "actors/domain/result.hpp"

#include <image-builder-api/imgbuilder.pb.h>

namespace ib {

/// What a caller may ask for beyond what the messages themselves say.
struct request_rules {
  bool allow_file_protocol = false;
};

/// A checked ResolveBaseImageRequest.
struct resolve_request {
  reference ref;
  request_auth auth;
  bool retry = false;
};

/// From the wire to the domain, checked (spec: api.md, "Limits and bad input"): every fault is
/// invalid_argument and names the field by its path on the wire. Pure.
result<build_request> translate(const builder::BuildRequest& request, const request_rules& rules);
result<build_request> translate(const builder::ResolveWorkspaceImageRequest& request,
                                const request_rules& rules);
result<resolve_request> translate(const builder::ResolveBaseImageRequest& request);

} // namespace ib
