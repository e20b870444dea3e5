#pragma once

#include "image-builder-api/imgbuilder.pb.h"
#include "imagebuilder/v1/builds.pb.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ib::imgctl {

/// The builds as a table, one per line below a heading: id, status, age, reference. `now` is in seconds since
/// the epoch. With `width` the references are shortened to fit; without, all is written in full.
std::string render_table(const builder::ListBuildsResponse& builds, int64_t now, std::optional<size_t> width);
std::string render_table(const imagebuilder::v1::ListBuildsResponse& builds, int64_t now,
                         std::optional<size_t> width);

/// "12s", "3m", "2h05m", "3d"; "-" for a build that has not started.
std::string format_age(int64_t started_at, int64_t now);

} // namespace ib::imgctl
