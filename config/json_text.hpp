#pragma once

#include "config/loader.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace ib::config {

/// Largest configuration text that is read.
constexpr size_t max_json_bytes = 1 << 20;
/// Deepest nesting of objects and arrays; the settings themselves need five levels.
constexpr size_t max_json_depth = 32;

/// `path` extended by the member `name`: "a.b", and a["b.c"] where the name is no plain word.
std::string member_path(const std::string& path, std::string_view name);
/// `path` extended by an array position: "refs[2]".
std::string element_path(const std::string& path, size_t index);

/// Parses JSON more strictly than the library: one value and nothing after it, no key twice in an object, the
/// limits above. Faults are appended; returns false where `out` could not be filled (then at least one was).
bool parse_json(const std::string& text, nlohmann::json& out, std::vector<fault>& faults);

} // namespace ib::config
