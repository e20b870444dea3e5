#include "actors/engine/local_context.hpp"

#include <system_error>

namespace ib {

namespace fs = std::filesystem;

result<void> make_private_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure) fs::permissions(folder, fs::perms::owner_all, failure);
  if (!failure) return {};
  return error{error_code::failed_precondition,
               "cannot create the state folder " + folder.string() + ": " + failure.message() +
                   "; set local.stateDirectory to a folder this user may write",
               "local.stateDirectory",
               {}};
}

result<engine_folders> make_engine_folders(const fs::path& state_directory) {
  if (auto made = make_private_folder(state_directory); !made) return made.error();
  // The kernel tells mounts and roots of processes by the names that folders have without symbolic links.
  std::error_code failure;
  auto state = fs::canonical(state_directory, failure);
  if (failure) state = state_directory;
  engine_folders folders{state, state / "builds", state / "storage", state / "runtime"};
  for (const auto& folder : {folders.builds, folders.storage, folders.runtime})
    if (auto made = make_private_folder(folder); !made) return made.error();
  return folders;
}

} // namespace ib
