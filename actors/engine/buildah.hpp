#pragma once

#include "actors/engine/build_failure.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/engine/pull_routes.hpp"
#include "actors/io/run_threads.hpp"

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

// Paths are strings here: a std::filesystem::path has another string for each of its parts, half a kilobyte
// in all, and these live for as long as a build runs.

/// One `buildah build`.
struct image_build {
  std::string dockerfile;
  std::string context;
  std::string auth_file; ///< what FROM may pull with
};

/// One end of a copy between registries.
struct copy_end {
  std::string ref;
  bool plain_http = false;
  std::string auth_file;
};

/// Runs buildah and skopeo with a configuration of our own: nothing of the host's container configuration,
/// and no credential of the user who runs the service, has any influence. All files it needs are made in the
/// run's private folder.
class buildah {
public:
  buildah(const local_context& context, const build_tools& tools, std::string run_folder,
          std::function<void(std::string_view)> on_output, std::stop_token stop);

  /// The children belong to a build: faults can be injected into those, and they wait while its gate is full.
  void work_for(std::string build_id, const io::output_gate* gate) {
    build_id_ = std::move(build_id);
    gate_ = gate;
  }
  /// Writes the private configuration files; call once before the others.
  result<void> prepare(const std::vector<pull_route>& routes);

  /// Builds an image; its id. `what` outlives the task.
  io::task<result<std::string>> build(const image_build& what);
  /// Pushes an image of the store to a registry.
  io::task<result<void>> push(std::string image_id, std::string target, std::string auth_file,
                              bool plain_http);
  /// Copies an image between registries, digests preserved.
  io::task<result<void>> copy(copy_end source, copy_end target);
  /// By what the working containers of this run are known (layer_store): builds share one store.
  std::string mark() const;
  /// Runs any buildah subcommand and captures its standard output.
  io::task<result<std::string>> capture(std::vector<std::string> arguments);
  /// The end of what the last of them printed.
  const output_tail& last_output() const { return tail_; }

private:
  result<void> place_certificates() const;
  result<void> place_network_helper() const;
  /// Of a file in the run's folder.
  std::string path_of(const char* file) const { return run_folder_ + "/" + file; }
  std::vector<std::string> store_arguments() const;
  std::vector<std::string> build_arguments(const image_build& what) const;
  result<std::string> built_image() const;
  std::map<std::string, std::string> environment() const;
  io::process_spec child(std::vector<std::string> argv, bool capture);
  io::task<result<io::process_result>> run(std::vector<std::string> argv, bool capture);

  const local_context& context_;
  const build_tools& tools_;
  std::string run_folder_; ///< private: credentials, temporary files, configuration
  std::function<void(std::string_view)> on_output_;
  std::stop_token stop_;
  std::string build_id_;
  const io::output_gate* gate_ = nullptr;
  output_tail tail_;
};

} // namespace ib
