#pragma once

#include "actors/domain/registry_settings.hpp"
#include "actors/engine/store_gate.hpp"
#include "actors/io/credential_source.hpp"
#include "actors/io/fault_points.hpp"
#include "actors/io/registry_client.hpp"
#include "actors/io/run_threads.hpp"
#include "actors/service_health.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace ib {

/// The folders of the local engine below the state directory, all of mode 0700.
struct engine_folders {
  std::filesystem::path state;   ///< the state directory itself
  std::filesystem::path builds;  ///< one folder per run, removed at its end
  std::filesystem::path storage; ///< image and layer store of buildah: the layer cache
  std::filesystem::path runtime; ///< run-time state of the store, worthless after a restart
};

/// How buildah works on this machine, found out once at start (spec: engines.md, "Isolation").
struct build_tools {
  std::string isolation;       ///< "oci" or "chroot"
  std::string storage_driver;  ///< "overlay" or "vfs"
  bool own_namespaces = false; ///< children get PID and mount namespaces of their own, which end with them
  std::string explanation;     ///< what was taken and what it means for untrusted Dockerfiles, one line
  std::string passed_over;     ///< where the better isolation was tried: why it does not work here
};

/// What all runs of the local engine share. Immutable but for the gate and the threads.
struct local_context {
  config::local_settings settings;
  registry_settings registries;
  std::string base_domain;      ///< of the base image repository
  std::string workspace_domain; ///< of the workspace image repository
  engine_folders folders;
  std::shared_ptr<io::registry_client> registry;
  std::shared_ptr<io::credential_store> credentials;
  std::shared_ptr<io::fault_points> faults; ///< null unless faults are injected
  mutable store_gate store;                 ///< who may use the layer cache now
  std::stop_source shutdown;                ///< ends every run when the process ends
  std::shared_ptr<service_health> health = std::make_shared<service_health>(); ///< told of missing tools
  mutable io::run_threads threads; ///< of all runs; the process waits for their last before it exits
};

/// Creates a folder that only this user may enter, or makes an existing one so.
result<void> make_private_folder(const std::filesystem::path& folder);

/// Creates the folders of the local engine below `state_directory`.
result<engine_folders> make_engine_folders(const std::filesystem::path& state_directory);

} // namespace ib
