#include "actors/io/context_path.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

constexpr size_t max_path_bytes = 4000; // PATH_MAX less the context root
constexpr size_t max_name_bytes = 255;
constexpr int max_links = 40; // as the kernel has it

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view without_workspace(std::string_view text) {
  constexpr std::string_view workspace = "/workspace";
  if (text.substr(0, workspace.size()) != workspace) return text;
  auto rest = text.substr(workspace.size());
  if (!rest.empty() && rest.front() != '/') return text;
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  return rest;
}

error leads_out(const std::string& field, const fs::path& relative) {
  return bad_field(field, "path \"" + relative.string() + "\" leads out of the context");
}

/// What is left to walk, and where the walk is.
struct walk {
  std::deque<fs::path> ahead;
  fs::path reached; // relative to the root
  int links = 0;
};

/// Puts the target of the link that was reached in front of what is ahead. False where it leads out.
bool follow_link(walk& at, const fs::path& link) {
  std::error_code failed;
  auto target = fs::read_symlink(link, failed);
  if (failed || target.is_absolute() || ++at.links > max_links) return false;
  at.reached = at.reached.parent_path();
  at.ahead.insert(at.ahead.begin(), target.begin(), target.end());
  return true;
}

} // namespace

result<fs::path> relative_path(std::string_view text, workspace_prefix prefix, const std::string& field) {
  if (text.size() > max_path_bytes)
    return bad_field(field, "path is longer than " + std::to_string(max_path_bytes) + " bytes");
  if (std::any_of(text.begin(), text.end(), is_control))
    return bad_field(field, "path holds a control character");
  if (prefix == workspace_prefix::dropped) text = without_workspace(text);
  fs::path path(text);
  if (path.is_absolute())
    return bad_field(field, "path \"" + path.string() + "\" is absolute; it must be relative to the context");
  auto normal = path.lexically_normal();
  if (!normal.empty() && *normal.begin() == "..") return leads_out(field, path);
  for (const auto& name : normal)
    if (name.native().size() > max_name_bytes)
      return bad_field(field, "path has a name longer than " + std::to_string(max_name_bytes) + " bytes");
  if (!normal.has_filename()) normal = normal.parent_path(); // "a/" is "a"
  return normal.empty() ? fs::path(".") : normal;
}

result<fs::path> resolve_below(const fs::path& root, const fs::path& relative, const std::string& field) {
  walk at;
  at.ahead.assign(relative.begin(), relative.end());
  while (!at.ahead.empty()) {
    auto name = at.ahead.front();
    at.ahead.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (at.reached.empty()) return leads_out(field, relative);
      at.reached = at.reached.parent_path();
      continue;
    }
    at.reached /= name;
    std::error_code failed;
    auto here = fs::symlink_status(root / at.reached, failed);
    if (fs::is_symlink(here) && !follow_link(at, root / at.reached)) return leads_out(field, relative);
  }
  return at.reached.empty() ? root : root / at.reached;
}

result<fs::path> create_folder_below(const fs::path& root, const fs::path& relative,
                                     const std::string& field) {
  auto folder = resolve_below(root, relative, field);
  if (!folder) return folder;
  std::error_code failed;
  fs::create_directories(*folder, failed);
  if (!failed && fs::is_directory(*folder, failed)) return folder;
  if (failed == std::errc::not_a_directory || failed == std::errc::file_exists || !failed)
    return bad_field(field, "path \"" + relative.string() + "\" goes through a file");
  return error{error_code::internal,
               "cannot create folder \"" + relative.string() + "\": " + failed.message(), field};
}

bool touches_git_folder(const fs::path& relative) {
  return std::any_of(relative.begin(), relative.end(), [](const fs::path& name) {
    auto text = name.native();
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text == ".git";
  });
}

} // namespace ib::io
