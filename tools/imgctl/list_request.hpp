#pragma once

#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include "imagebuilder/v1/builds.pb.h"

#include <cstdint>
#include <string>

namespace ib::imgctl {

/// The filters of `list --all` as a request, without page size. A usage failure names the flag that is wrong.
outcome<imagebuilder::v1::ListBuildsRequest> make_list_request(const list_options& options, int64_t now);

/// True where a target can only be an image reference: it has a "/", ":" or "@".
bool is_reference(const std::string& target);

} // namespace ib::imgctl
