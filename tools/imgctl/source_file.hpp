#pragma once

#include "tools/imgctl/outcome.hpp"

#include "image-builder-api/imgbuilder.pb.h"

#include <string>

namespace ib::imgctl {

/// Reads the protojson of a builder.BuildSource (what gpctl takes) or of a whole builder.BuildRequest from a
/// file,
/// "-" being standard input.
outcome<builder::BuildRequest> read_source_file(const std::string& path);

/// The same from text. A usage failure names every unknown or wrongly typed field by its path; values are not
/// quoted, they may be secrets.
outcome<builder::BuildRequest> parse_source(const std::string& json);

} // namespace ib::imgctl
