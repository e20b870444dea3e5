#pragma once

#include "config/settings.hpp"

#include <string>

namespace ib::config {

/// The settings as the JSON of a configuration, defaults included; load_settings gives the same settings
/// back. Settings hold the names of secret files, never what is in them.
std::string print_settings(const settings& s);

/// A configuration for the embedded engine that loads without a fault: every key that has a default, with it,
/// and one registry.
std::string example_settings();

/// JSON schema (draft 2020-12) of the configuration. It accepts what load_settings accepts, as far as a
/// schema can say it: formats of texts are left to the loader.
std::string settings_schema();

/// A Markdown table of all keys with their defaults.
std::string settings_table();

} // namespace ib::config
