#pragma once

#include "actors/engine/local_context.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ib {

/// What of buildah's store only its files tell: whose a working container is, how big the layers are and when
/// an image was last used. Reads are snapshots without the store's locks: its files are replaced as a whole.
/// A file that is missing or unreadable counts as empty.
class layer_store {
public:
  layer_store(const engine_folders& folders, const build_tools& tools);

  /// The working containers of builds that were given this mark (buildah::mark).
  std::vector<std::string> working_containers(const std::string& mark) const;

  /// Notes that an image, and every image below it (its base, its earlier steps), was used now.
  void note_use(const std::string& image_id) const;

  /// Bytes of all layers as files, about what they take on the disk.
  uint64_t size() const;

  /// Ids of all images, the least recently used first; of those used together an image comes before the ones
  /// it builds upon.
  std::vector<std::string> oldest_first() const;

private:
  std::filesystem::path index_of(const char* kind) const;
  std::filesystem::path folder_of(const char* kind) const;

  std::filesystem::path storage_;
  std::string driver_;
};

/// Removes the working containers that a build left: a failed or killed one does not do it itself. Nobody
/// else's are touched. `run_folder` is the build's, as prepared.
io::task<result<void>> remove_working_containers(const local_context& context, const build_tools& tools,
                                                 std::filesystem::path run_folder);

/// Removes least recently used images until the layers fit into local.layerCacheSize, unless a build is in
/// the store; stops as soon as one wants in, or the process ends.
io::task<result<void>> prune_layers(const local_context& context, const build_tools& tools);

} // namespace ib
