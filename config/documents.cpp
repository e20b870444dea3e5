#include "config/documents.hpp"

#include "config/definition.hpp"
#include "config/json_text.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

namespace ib::config {
namespace {

using nlohmann::ordered_json;

ordered_json print(const definition& d, draft& from);

ordered_json print_group(const definition& group, draft& from) {
  auto out = ordered_json::object();
  for (const auto& member : group.members) {
    auto printed = print(member, from);
    bool nothing = printed.is_null() || (printed.is_object() && printed.empty());
    if (!nothing) out[member.name] = std::move(printed);
  }
  return out;
}

/// null for what is not set.
ordered_json print(const definition& d, draft& from) {
  if (d.kind == value_kind::group) return print_group(d, from);
  if (d.kind == value_kind::named_groups) {
    auto out = ordered_json::object();
    for (const auto& name : d.names(from.target)) {
      from.entry = name;
      out[name] = print_group(d, from);
    }
    return out;
  }
  if (!d.read) return nullptr;
  auto current = d.read(from);
  if (current == value(std::string())) return nullptr;
  return ordered_json(to_json(d, current));
}

std::string default_text(const definition& d) {
  auto json = default_json(d);
  if (json.is_null() || json == ordered_json("")) return "";
  return "`" + json.dump() + "`";
}

void add_rows(const definition& group, const std::string& path, std::string& out) {
  for (const auto& member : group.members) {
    auto name = member_path(path, member.name);
    if (member.kind == value_kind::group) {
      add_rows(member, name, out);
    } else if (member.kind == value_kind::named_groups) {
      add_rows(member, name + "[DOMAIN]", out);
    } else {
      auto wanted = (member.list ? "an array; each element " : "") + expected(member);
      if (member.required) wanted += "; needed";
      out += "| `" + name + "` | " + wanted + " | " + default_text(member) + " | " + member.description +
             (member.at_once ? " *" : "") + " |\n";
    }
  }
}

} // namespace

std::string print_settings(const settings& s) {
  draft from{s, {}};
  auto printed = print_group(settings_definition(), from);
  return printed.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string example_settings() {
  settings example;
  example.registries.registries["localhost:5000"].plain_http = true;
  return print_settings(example);
}

std::string settings_table() {
  std::string out = "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
  add_rows(settings_definition(), "", out);
  return out;
}

} // namespace ib::config
