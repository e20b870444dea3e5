#include "config/changes.hpp"

#include "config/definition.hpp"
#include "config/json_text.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <set>

namespace ib::config {

namespace {

std::string text_of(const definition& d, const value& v) {
  if (v == value() || v == value(std::string())) return "not set";
  return to_json(d, v).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Walks two configurations side by side and shows each key that is kept somewhere.
class walker {
public:
  using visit =
      std::function<void(const definition& key, const std::string& path, draft& before, draft& after)>;

  walker(const settings& before, const settings& after, visit what)
      : before_{before, {}}, after_{after, {}}, what_(std::move(what)) {}

  void walk() { walk_members(settings_definition(), ""); }

private:
  void walk_members(const definition& group, const std::string& path) {
    for (const auto& member : group.members)
      walk(member, member_path(path, member.name));
  }

  void walk(const definition& d, const std::string& path) {
    if (d.kind == value_kind::group) return walk_members(d, path);
    if (d.kind != value_kind::named_groups) {
      if (d.read) what_(d, path, before_, after_);
      return;
    }
    std::set<std::string> names;
    for (const auto* side : {&before_, &after_})
      for (auto& name : d.names(side->target))
        names.insert(std::move(name));
    for (const auto& name : names) {
      before_.entry = after_.entry = name;
      walk_members(d, member_path(path, name));
    }
  }

  draft before_;
  draft after_;
  visit what_;
};

} // namespace

std::vector<change> changes_between(const settings& before, const settings& after) {
  std::vector<change> changes;
  walker(before, after, [&](const definition& key, const std::string& path, draft& left, draft& right) {
    auto was = key.read(left), is = key.read(right);
    if (was != is) changes.push_back({path, text_of(key, was), text_of(key, is), key.at_once});
  }).walk();
  return changes;
}

settings with_changes_at_once(const settings& before, const settings& after) {
  // Not the walker's own copy: reading may create objects there.
  draft merged{before, {}};
  walker(before, after, [&](const definition& key, const std::string&, draft& left, draft& right) {
    merged.entry = right.entry;
    if (auto is = key.read(right); key.at_once && is != key.read(left)) key.write(merged, is);
  }).walk();
  return std::move(merged.target);
}

} // namespace ib::config
