#pragma once

#include "actors/domain/build_source.hpp"

#include <string>
#include <string_view>

namespace ib {

/// A URL without its user information.
std::string without_user(std::string_view url);

/// What preparing a source does, in plain words: "cloning https://example.com/repo.git". URLs are shown
/// without user information.
std::string preparing_in_words(const initializer& source);

/// What an image is built from: "https://example.com/repo.git, main, .docker/Dockerfile", or an image's name.
std::string source_in_words(const build_source& source);

} // namespace ib
