#pragma once

#include "actors/domain/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ib::io {

/// Whether a leading "/workspace" is dropped from a path of a request (spec: engines.md, "Preparing").
enum class workspace_prefix : uint8_t { dropped, kept };

/// A path of a request in normal form, relative to the context root and never above it ("." for the root
/// itself). Fails with invalid_argument naming `field` for an absolute path, one that climbs out, control
/// characters and over-long paths.
result<std::filesystem::path> relative_path(std::string_view text, workspace_prefix prefix,
                                            const std::string& field);

/// The place of `relative` (in normal form) below `root`, every symbolic link on the way followed here, step
/// by step, as if `root` were the top of the file system's world: a link that leads out of it is an
/// invalid_argument. Parts that do not exist are taken as they are, so the answer may name nothing yet.
result<std::filesystem::path> resolve_below(const std::filesystem::path& root,
                                            const std::filesystem::path& relative, const std::string& field);

/// Creates the folder `relative` below `root`, and those above it, and returns its path without symbolic
/// links.
result<std::filesystem::path> create_folder_below(const std::filesystem::path& root,
                                                  const std::filesystem::path& relative,
                                                  const std::string& field);

/// True where a part of the path is called ".git" on some file system: nothing but git may write there, since
/// a repository's own configuration can name programs to run.
bool touches_git_folder(const std::filesystem::path& relative);

} // namespace ib::io
