#pragma once

#include "actors/domain/result.hpp"
#include "config/definition.hpp"
#include "config/loader.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace ib::config {

/// What may be written for this key, for messages and documentation: `a duration such as "6h0m0s"`.
std::string expected(const definition& d);

/// Checks one JSON value (of a list: one element) against the key's kind and limits. The error's message is
/// meant for a fault at the key's path.
result<value> check_value(const definition& d, const nlohmann::json& json, const load_options& options);

/// The default of a key as JSON; null where it has none.
nlohmann::json default_json(const definition& d);

/// A value as it is written in a configuration; null for monostate.
nlohmann::json to_json(const definition& d, const value& v);

/// A registry's domain in its normalised form; invalid_argument for anything else.
result<std::string> parse_domain(std::string_view text);

/// "linux/ARCHITECTURE" with an optional "/VARIANT".
result<image_platform> parse_platform(std::string_view text);
std::string format_platform(const image_platform& platform);

} // namespace ib::config
