#pragma once

#include "tools/imgctl/files.hpp"
#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include "image-builder-api/imgbuilder.pb.h"

namespace ib::imgctl {

/// The request that the flags of `imgctl build` describe. Reads the files and variables that they name; what
/// is wrong with those is a usage failure. Flags win over the same field of a --source file.
outcome<builder::BuildRequest> make_build_request(const build_options& options, const environment& env);

/// The same for `imgctl resolve workspace`.
outcome<builder::ResolveWorkspaceImageRequest> make_resolve_request(const resolve_workspace_options& options,
                                                                    const environment& env);

/// The same for `imgctl resolve base`.
outcome<builder::ResolveBaseImageRequest> make_resolve_request(const resolve_base_options& options);

} // namespace ib::imgctl
