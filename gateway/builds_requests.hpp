#pragma once

#include "actors/build_listing.hpp"
#include "actors/domain/result.hpp"
#include "actors/messages.hpp"
#include "gateway/log_read_stream.hpp"

#include <imagebuilder/v1/builds.pb.h>

#include <string>

namespace ib {

/// From the wire of the extension service to the domain, checked: every fault is invalid_argument and names
/// the field. Pure.
result<std::string> translate(const imagebuilder::v1::GetBuildRequest& request);
result<std::string> translate(const imagebuilder::v1::WatchBuildRequest& request);
result<build_filter> translate(const imagebuilder::v1::ListBuildsRequest& request);
result<log_wish> translate(const imagebuilder::v1::ReadLogRequest& request);
result<cancel_build> translate(const imagebuilder::v1::CancelBuildRequest& request);

} // namespace ib
