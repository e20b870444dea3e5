#pragma once

#include "actors/domain/build_source.hpp"

#include <string>

namespace ib {

/// What preparing a source does, in plain words: "cloning https://example.com/repo.git". URLs are shown
/// without user information.
std::string preparing_in_words(const initializer& source);

} // namespace ib
