#pragma once

#include "actors/engine/build_failure.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/engine/pull_routes.hpp"
#include "actors/io/process.hpp"

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// One `buildah build`.
struct image_build {
  std::filesystem::path dockerfile;
  std::filesystem::path context;
  std::filesystem::path
      run_folder; ///< private folder of the run: credentials, temporary files, configuration
  std::string base_ref;
  std::filesystem::path auth_file; ///< what FROM may pull with
};

/// One end of a copy between registries.
struct copy_end {
  std::string ref;
  bool plain_http = false;
  std::filesystem::path auth_file;
};

/// Runs buildah and skopeo with a configuration of our own: nothing of the host's container configuration,
/// and no credential of the user who runs the service, has any influence. All files it needs are made in the
/// run's private folder.
class buildah {
public:
  buildah(const local_context& context, const build_tools& tools, std::filesystem::path run_folder,
          std::function<void(std::string_view)> on_output, std::stop_token stop);

  /// The children belong to a build; faults can be injected into those.
  void work_for(std::string build_id) { build_id_ = std::move(build_id); }
  /// Writes the private configuration files; call once before the others.
  result<void> prepare(const std::vector<pull_route>& routes);

  /// Builds an image; its id.
  result<std::string> build(const image_build& what);
  /// Pushes an image of the store to a registry.
  result<void> push(const std::string& image_id, const std::string& target,
                    const std::filesystem::path& auth_file, bool plain_http);
  /// Copies an image between registries, digests preserved.
  result<void> copy(const copy_end& source, const copy_end& target);
  /// By what the working containers of this run are known (layer_store): builds share one store.
  std::string mark() const;
  /// Runs any buildah subcommand and captures its standard output.
  result<std::string> capture(std::vector<std::string> arguments);
  /// The end of what the last of them printed.
  const output_tail& last_output() const { return tail_; }

private:
  result<void> place_certificates() const;
  result<void> place_network_helper() const;
  std::vector<std::string> store_arguments() const;
  std::map<std::string, std::string> environment() const;
  result<io::process_result> run(std::vector<std::string> argv, bool capture);

  const local_context& context_;
  const build_tools& tools_;
  std::filesystem::path run_folder_;
  std::function<void(std::string_view)> on_output_;
  std::stop_token stop_;
  std::string build_id_;
  output_tail tail_;
};

} // namespace ib
