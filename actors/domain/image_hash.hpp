#pragma once

#include "actors/domain/build_source.hpp"

#include <string>
#include <string_view>

namespace ib {

/// Hex SHA-256 of "<base_ref>\n2\n": the tag of the workspace image built on `base_ref` (spec: images.md,
/// "The two hashes").
std::string workspace_hash(std::string_view base_ref);

/// "<workspace_repository>:<workspace_hash(base_ref)>".
std::string workspace_reference(std::string_view workspace_repository, std::string_view base_ref);

/// Hex SHA-256 that names the base image of a Dockerfile source. A git initializer hashes as deployed systems
/// do; all others use this project's versioned hash (see image_hash.cpp), which no git hash can equal.
std::string base_hash(const dockerfile_source& source);

/// "<base_repository>:<base_hash(source)>".
std::string base_reference(std::string_view base_repository, const dockerfile_source& source);

} // namespace ib
