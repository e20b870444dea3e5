#pragma once

#include "actors/domain/result.hpp"
#include "config/settings.hpp"

#include <memory>
#include <string>

namespace ib {

/// The whole service: state folder, registry client, actors, gRPC server.
class service {
public:
  /// Starts everything; where an error is returned nothing is left running.
  static result<std::unique_ptr<service>> start(const config::settings& settings, const std::string& version);
  /// Stops: no new builds, streams end with UNAVAILABLE after their last byte, builds and their processes
  /// end.
  ~service();

  /// Takes a configuration over while running, as far as that goes: the log has a line for each key that has
  /// changed, whether it holds from now on or needs a restart.
  void reload(const config::settings& wanted);
  /// Counts a changed configuration that has faults: the former one stays in force.
  void refuse_reload();

  /// "host:port" the gRPC server listens on, with the port that was chosen for ":0".
  const std::string& address() const;

  /// The root of the actors has crashed; the process has sent itself SIGTERM and should be started anew.
  bool is_broken() const;

private:
  struct parts;
  explicit service(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace ib
