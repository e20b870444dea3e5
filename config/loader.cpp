#include "config/loader.hpp"

#include "config/addresses.hpp"
#include "config/definition.hpp"
#include "config/json_text.hpp"
#include "config/suggestion.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

namespace ib::config {
namespace {

using nlohmann::json;

bool is_empty_text(const json& given) {
  return given.is_string() && given.get_ref<const std::string&>().empty();
}

/// True where a key is there and means the same as if it were not.
bool is_unset(const definition& d, const json& given) {
  if (given.is_null()) return true;
  if (!d.empty_is_unset) return false;
  if (d.kind != value_kind::group) return is_empty_text(given);
  if (!given.is_object()) return false;
  for (const auto& [name, member] : given.items()) {
    bool known =
        std::any_of(d.members.begin(), d.members.end(), [&](const auto& m) { return m.name == name; });
    if (!known || !(member.is_null() || is_empty_text(member))) return false;
  }
  return true;
}

/// Carries a JSON object into settings, key by key, and collects what is wrong on the way.
class reader {
public:
  reader(const load_options& options, load_result& out) : options_(options), out_(out) {}

  void read_group(const definition& group, const json& given, const std::string& path) {
    if (!given.is_object()) {
      fail(path, "must be an object");
      return;
    }
    for (const auto& member : group.members)
      read_member(member, given, member_path(path, member.name));
    report_unknown(group, given, path);
  }

  bool has_read(const std::string& path) const { return read_.contains(path); }
  settings& target() { return draft_.target; }
  void fail(const std::string& path, std::string message) {
    out_.faults.push_back({path, std::move(message)});
  }

private:
  void read_member(const definition& d, const json& group, const std::string& path) {
    auto given = group.find(d.name);
    if (given == group.end() || is_unset(d, *given)) {
      if (d.required) fail(path, "is missing; " + expected(d) + " is needed");
      return;
    }
    if (d.kind == value_kind::group)
      read_group(d, *given, path);
    else if (d.kind == value_kind::named_groups)
      read_named_groups(d, *given, path);
    else if (d.list)
      read_list(d, *given, path);
    else
      read_value(d, *given, path);
  }

  void read_value(const definition& d, const json& given, const std::string& path) {
    auto checked = check_value(d, given, options_);
    if (!checked) {
      fail(path, checked.error().message);
      return;
    }
    keep(d, *checked, path);
  }

  void read_list(const definition& d, const json& given, const std::string& path) {
    if (!given.is_array()) {
      fail(path, "must be an array, each element " + expected(d));
      return;
    }
    std::vector<std::string> texts;
    for (size_t i = 0; i < given.size(); ++i) {
      auto checked = check_value(d, given[i], options_);
      if (checked)
        texts.push_back(std::get<std::string>(*checked));
      else
        fail(element_path(path, i), checked.error().message);
    }
    keep(d, texts, path);
  }

  void keep(const definition& d, const value& checked, const std::string& path) {
    if (!d.notice.empty()) out_.notices.push_back(path + " " + d.notice);
    if (d.write) d.write(draft_, checked);
    read_.insert(path);
  }

  void read_named_groups(const definition& d, const json& given, const std::string& path) {
    if (!given.is_object()) {
      fail(path, "must be an object");
      return;
    }
    std::set<std::string> seen;
    for (const auto& [name, group] : given.items()) {
      auto entry_path = member_path(path, name);
      auto domain = parse_domain(name);
      if (!domain) {
        fail(entry_path, "the key must be a registry's host: " + domain.error().message);
        continue;
      }
      if (!seen.insert(*domain).second) {
        fail(entry_path, "names the same registry as another key, " + *domain);
        continue;
      }
      draft_.entry = *domain;
      if (!group.is_null()) read_group(d, group, entry_path);
    }
  }

  void report_unknown(const definition& group, const json& given, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& member : group.members)
      names.push_back(member.name);
    for (const auto& [name, ignored] : given.items()) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      auto suggestion = nearest(name, names);
      fail(member_path(path, name), suggestion.empty() ? "unknown key; allowed here: " + listed(names)
                                                       : "unknown key; did you mean \"" + suggestion + "\"?");
    }
  }

  static std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names)
      out += (out.empty() ? "" : ", ") + name;
    return out;
  }

  const load_options& options_;
  load_result& out_;
  draft draft_;
  std::set<std::string> read_;
};

/// Rules that concern more than one key.
void settle_engine(reader& in) {
  auto& orchestrator = in.target().orchestrator;
  if (!in.has_read("orchestrator.engine") && !orchestrator.wsman_address.empty())
    orchestrator.engine = engine_kind::wsman;
}

void check_engine(reader& in, const json& given) {
  if (in.target().orchestrator.engine != engine_kind::wsman) return;
  // A value that was refused has its own fault already.
  auto is_missing = [&](const char* pointer) {
    json::json_pointer at(pointer);
    return !given.contains(at) || given[at].is_null() || is_empty_text(given[at]);
  };
  if (is_missing("/orchestrator/wsman/address"))
    in.fail("orchestrator.wsman.address", "is missing; the engine \"wsman\" needs it");
  if (is_missing("/orchestrator/builderImage"))
    in.fail("orchestrator.builderImage", "is missing; the engine \"wsman\" needs it");
}

/// The names that buildah and skopeo of the distribution know end before the square brackets.
void check_repositories(reader& in) {
  const auto& orchestrator = in.target().orchestrator;
  if (orchestrator.engine != engine_kind::local) return;
  for (const auto& [name, repository] :
       {std::pair("baseImageRepository", orchestrator.base_image_repository),
        std::pair("workspaceImageRepository", orchestrator.workspace_image_repository)})
    if (repository.starts_with('['))
      in.fail(std::string("orchestrator.") + name,
              "the tools of the engine \"local\" know no IPv6 address as a registry; give it a host name");
}

void check_registries(reader& in) {
  for (const auto& [domain, options] : in.target().registries.registries)
    if (options.cert_file.empty() && !options.key_file.empty())
      in.fail(member_path("registries", domain) + ".keyFile",
              "is the key of no certificate; certFile is needed");
}

void check_debug(reader& in) {
  const auto& debug = in.target().debug;
  if (debug.address != off && !is_loopback_address(debug.address) && debug.token_file.empty())
    in.fail("debug.tokenFile", "is missing; it is needed where the address is not of the loopback");
}

load_result failed(std::string message) {
  load_result out;
  out.faults.push_back({"", std::move(message)});
  return out;
}

} // namespace

std::string to_string(const fault& f) { return f.path.empty() ? f.message : f.path + ": " + f.message; }

load_result load_settings(const std::string& json_text, const load_options& options) {
  load_result out;
  json given;
  if (!parse_json(json_text, given, out.faults)) return out;
  reader in(options, out);
  in.read_group(settings_definition(), given, "");
  settle_engine(in);
  check_engine(in, given);
  check_repositories(in);
  check_registries(in);
  check_debug(in);
  out.value = std::move(in.target());
  return out;
}

load_result load_settings_file(const std::string& path, const load_options& options) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return failed(path + " is a directory; a file is needed");
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed("cannot open " + path + ": " + std::strerror(errno));
  // One byte more than is allowed tells a file that is too long from one that just fits.
  std::string text(max_json_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return failed("cannot read " + path + ": " + std::strerror(errno));
  text.resize(static_cast<size_t>(file.gcount()));
  return load_settings(text, options);
}

} // namespace ib::config
