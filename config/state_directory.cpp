#include "config/state_directory.hpp"

#include <optional>

namespace ib::config {
namespace {

/// The variable without trailing slashes ("/" becomes ""); nothing where it is unset or no absolute path.
std::optional<std::string> absolute_path(const std::map<std::string, std::string>& environment,
                                         const char* name) {
  auto found = environment.find(name);
  if (found == environment.end() || !found->second.starts_with('/')) return std::nullopt;
  auto path = found->second;
  while (path.ends_with('/'))
    path.pop_back();
  return path;
}

} // namespace

result<std::string> default_state_directory(const std::map<std::string, std::string>& environment,
                                            unsigned effective_user) {
  if (auto state = absolute_path(environment, "XDG_STATE_HOME")) return *state + "/image-builder";
  if (effective_user == 0) return std::string("/var/lib/image-builder");
  if (auto home = absolute_path(environment, "HOME")) return *home + "/.local/state/image-builder";
  return error{
      error_code::failed_precondition,
      "no directory for the service's state: set local.stateDirectory, or XDG_STATE_HOME or HOME to an "
      "absolute path",
      "local.stateDirectory", std::nullopt};
}

} // namespace ib::config
