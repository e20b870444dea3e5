#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace ib::config {

/// What may be written as a key's value. values.cpp says for each kind how it is checked and described.
enum class value_kind : uint8_t {
  group,          ///< an object with the members of the definition
  named_groups,   ///< an object whose keys are registry domains, each with a group
  text,           ///< any text
  choice,         ///< one of the definition's choices
  boolean,        ///< true or false
  count,          ///< a whole number
  duration,       ///< "6h0m0s"
  size,           ///< bytes as a number, or "20GiB"
  repository,     ///< an image repository
  image,          ///< an image reference
  listen_address, ///< "host:port" to listen on
  peer_address,   ///< "host:port" to connect to
  base_url,       ///< an http or https URL that paths are put behind
  domain,         ///< a registry's host, with its port where it has one
  file,           ///< the path of a file that exists
  directory,      ///< an absolute path
  platform,       ///< "linux/amd64"
};

/// A checked value on its way between JSON and settings: durations in milliseconds, sizes in bytes, all kinds
/// of text as text, lists as texts. monostate is a setting that is not set.
using value = std::variant<std::monostate, bool, int64_t, std::string, std::vector<std::string>>;

/// The settings while they are read or printed, and which entry of a named_groups the key belongs to.
struct draft {
  settings target;
  std::string entry;
};

/// One key of the configuration. Everything that reads, prints or documents settings works from these.
struct definition {
  std::string name;
  std::string description;
  value_kind kind = value_kind::group;
  bool list = false;             ///< an array of such values
  bool required = false;         ///< must be there where the object around it is
  bool empty_is_unset = false;   ///< "" (for a group: nothing but "") is the same as leaving the key out
  bool may_be_off = false;       ///< "off" is a value, too
  bool no_fixed_default = false; ///< the default follows from other keys, as the description says
  bool at_once = false;          ///< a change holds once it is read (SIGHUP), others need a restart
  int64_t minimum = 0;           ///< of counts, sizes and durations
  int64_t maximum = INT64_MAX;
  std::vector<std::string> choices;
  std::string notice;                                             ///< told when the key is used
  std::function<void(draft&, const value&)> write;                ///< empty for keys without effect
  std::function<value(draft&)> read;                              ///< may create the object it reads from
  std::function<std::vector<std::string>(const settings&)> names; ///< entries of a named_groups
  std::vector<definition> members;
};

/// The whole configuration as a group: every key, once.
definition settings_definition();

} // namespace ib::config
