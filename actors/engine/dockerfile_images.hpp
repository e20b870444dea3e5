#pragma once

#include "actors/domain/reference.hpp"

#include <string_view>
#include <vector>

namespace ib {

/// The images that a Dockerfile builds upon or copies from (`FROM`, `COPY --from`, `RUN --mount=…,from=`),
/// one for each registry, in the order of their appearance. Earlier stages are none, and an image whose name
/// only a build could tell (an ARG without a default) is left out.
std::vector<reference> dockerfile_images(std::string_view dockerfile);

} // namespace ib
