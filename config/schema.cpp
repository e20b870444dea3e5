#include "config/documents.hpp"

#include "config/definition.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

namespace ib::config {
namespace {

using nlohmann::ordered_json;

const char* json_type(value_kind kind) {
  switch (kind) {
  case value_kind::group:
  case value_kind::named_groups:
    return "object";
  case value_kind::boolean:
    return "boolean";
  case value_kind::count:
    return "integer";
  case value_kind::size:
  case value_kind::text:
  case value_kind::choice:
  case value_kind::duration:
  case value_kind::repository:
  case value_kind::image:
  case value_kind::listen_address:
  case value_kind::base_url:
  case value_kind::peer_address:
  case value_kind::domain:
  case value_kind::file:
  case value_kind::directory:
  case value_kind::platform:
    return "string";
  }
  return "string";
}

/// The types that the key takes: null leaves a key at its default, so only what must be there refuses it.
ordered_json types(const definition& d) {
  auto out = ordered_json::array({d.list ? "array" : json_type(d.kind)});
  if (d.kind == value_kind::size) out.push_back("integer");
  if (!d.required) out.push_back("null");
  return out.size() == 1 ? out[0] : out;
}

ordered_json schema_of(const definition& d);

void add_members(const definition& d, ordered_json& out) {
  auto required = ordered_json::array();
  auto properties = ordered_json::object();
  for (const auto& member : d.members) {
    properties[member.name] = schema_of(member);
    if (member.required) required.push_back(member.name);
  }
  out["properties"] = std::move(properties);
  out["additionalProperties"] = false;
  // An object of nothing but empty texts stands for its own absence, and may then lack any of them.
  if (!required.empty() && !d.empty_is_unset) out["required"] = std::move(required);
}

void add_limits(const definition& d, ordered_json& out) {
  if (d.kind == value_kind::count || d.kind == value_kind::size) {
    out["minimum"] = d.minimum;
    if (d.maximum != INT64_MAX) out["maximum"] = d.maximum;
  }
  if (d.kind != value_kind::choice) return;
  auto choices = ordered_json(d.choices);
  if (!d.required) choices.push_back(nullptr);
  out["enum"] = std::move(choices);
}

ordered_json schema_of(const definition& d) {
  ordered_json out;
  out["type"] = types(d);
  out["description"] = d.description;
  if (d.kind == value_kind::group) {
    add_members(d, out);
  } else if (d.kind == value_kind::named_groups) {
    ordered_json entry{{"type", ordered_json::array({"object", "null"})}};
    add_members(d, entry);
    out["additionalProperties"] = std::move(entry);
  } else if (d.list) {
    out["items"] = {{"type", json_type(d.kind)}};
  } else {
    add_limits(d, out);
  }
  if (auto standard = default_json(d); !standard.is_null() && standard != ordered_json(""))
    out["default"] = ordered_json(standard);
  return out;
}

} // namespace

std::string settings_schema() {
  auto root = settings_definition();
  root.required = true;
  ordered_json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "image-builder configuration"}};
  out.update(schema_of(root));
  return out.dump(2) + "\n";
}

} // namespace ib::config
