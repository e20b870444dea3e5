#pragma once

#include "config/settings.hpp"
#include "gateway/doctor/report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

// The checks of `image-builder doctor`, each in a file of its subject. They change nothing but what they
// remove again.

namespace ib::doctor {

using environment_map = std::map<std::string, std::string>;

/// What all checks may ask for.
struct patient {
  const config::settings& settings;
  environment_map environment;
};

/// The state folder, and who holds it: the process id of a service that runs.
std::optional<std::string> check_state(const patient& who, report& to);
/// Whether the service could listen where it is to. `holder`: the service that runs already, if one does.
void check_ports(const patient& who, const std::optional<std::string>& holder, report& to);
/// The certificates that clients are shown.
void check_certificates(const patient& who, report& to);
/// Each registry that the configuration names, step by step.
void check_registries(const patient& who, report& to);
/// What the engine `local` builds with.
void check_build_tools(const patient& who, report& to);
/// What the engine `wsman` builds with.
void check_wsman(const patient& who, report& to);

/// The proxy that HTTP requests to a host go through, without its password; empty for none.
std::string proxy_for(const environment_map& environment, const std::string& scheme, const std::string& host);

/// A host and how it can be reached: its addresses and a connection to each. True where at least one answers.
bool check_connection(subject& about, const std::string& host, uint16_t port, const std::string& advice);

} // namespace ib::doctor
