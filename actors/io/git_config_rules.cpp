#include "actors/io/git_config_rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace ib::io {

namespace {

constexpr size_t max_entries = 100;
constexpr size_t max_key_bytes = 256;
constexpr size_t max_value_bytes = 4096;

/// Lower case and sorted: git's section and variable names know no case.
constexpr std::array<std::string_view, 58> harmless_keys{
    "apply.ignorewhitespace",
    "apply.whitespace",
    "author.email",
    "author.name",
    "branch.autosetupmerge",
    "branch.autosetuprebase",
    "committer.email",
    "committer.name",
    "core.abbrev",
    "core.autocrlf",
    "core.bigfilethreshold",
    "core.compression",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.logallrefupdates",
    "core.longpaths",
    "core.loosecompression",
    "core.precomposeunicode",
    "core.quotepath",
    "core.safecrlf",
    "core.whitespace",
    "diff.algorithm",
    "diff.renames",
    "fetch.fsckobjects",
    "fetch.negotiationalgorithm",
    "fetch.output",
    "fetch.parallel",
    "fetch.prune",
    "fetch.prunetags",
    "fetch.recursesubmodules",
    "fetch.showforcedupdates",
    "fetch.unpacklimit",
    "fetch.writecommitgraph",
    "http.lowspeedlimit",
    "http.lowspeedtime",
    "http.maxrequests",
    "http.postbuffer",
    "http.version",
    "init.defaultbranch",
    "merge.conflictstyle",
    "merge.ff",
    "merge.log",
    "merge.renamelimit",
    "merge.renames",
    "merge.stat",
    "merge.verbosity",
    "pull.ff",
    "pull.rebase",
    "push.autosetupremote",
    "push.default",
    "push.followtags",
    "rebase.autosquash",
    "rebase.autostash",
    "rerere.autoupdate",
    "rerere.enabled",
    "submodule.fetchjobs",
    "transfer.fsckobjects",
};
static_assert(std::is_sorted(harmless_keys.begin(), harmless_keys.end()));

/// Sections of which every variable is harmless, as long as there is no subsection.
constexpr std::array<std::string_view, 4> harmless_sections{"advice", "color", "column", "user"};

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

} // namespace

bool is_harmless_git_config(std::string_view key) {
  std::string name(key);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  if (std::binary_search(harmless_keys.begin(), harmless_keys.end(), name)) return true;
  auto dot = name.find('.');
  if (dot == std::string::npos) return false;
  auto section = std::string_view(name).substr(0, dot);
  auto known = std::find(harmless_sections.begin(), harmless_sections.end(), section);
  return known != harmless_sections.end() && is_name(std::string_view(name).substr(dot + 1));
}

result<void> check_git_config(const std::map<std::string, std::string>& config, const std::string& field) {
  if (config.size() > max_entries)
    return bad_field(field, "more than " + std::to_string(max_entries) + " git config entries");
  for (const auto& [key, value] : config) {
    if (key.size() > max_key_bytes || std::any_of(key.begin(), key.end(), is_control))
      return bad_field(field, "a git config key is over-long or holds a control character");
    if (!is_harmless_git_config(key))
      return bad_field(field, "git config key \"" + key +
                                  "\" is not allowed: only keys known not to run "
                                  "programs or redirect access are");
    if (value.size() > max_value_bytes || std::any_of(value.begin(), value.end(), is_control))
      return bad_field(field, "the value of git config key \"" + key +
                                  "\" is over-long or holds a control character");
  }
  return {};
}

} // namespace ib::io
