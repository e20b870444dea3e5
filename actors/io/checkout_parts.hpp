#pragma once

#include "actors/domain/build_source.hpp"
#include "actors/domain/result.hpp"
#include "actors/io/checkout.hpp"
#include "actors/io/run_threads.hpp"

#include <filesystem>
#include <stop_token>
#include <string>

namespace ib::io {

/// Where the parts of one initializer do their work, and under whose name they fail.
struct checkout_place {
  run_threads& threads;
  std::filesystem::path root;           ///< the context root
  std::filesystem::path private_folder; ///< empty at first, mode 0700, removed by the caller
  const checkout_settings& settings;
  std::stop_token stop;

  /// A line for the build's log.
  void say(const std::string& line) const {
    if (settings.on_output) settings.on_output(line + "\n");
  }
};

/// Checks one repository out. `field` is the path of the initializer in the request.
task<result<void>> check_out_git(const git_initializer& git, const checkout_place& place, std::string field);

/// Downloads the files, each first beside its final place, so that there is never half a file there. Blocks.
result<void> download_files(const download_initializer& download, const checkout_place& place,
                            const std::string& field);

} // namespace ib::io
