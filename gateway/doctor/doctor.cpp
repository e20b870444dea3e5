#include "gateway/doctor/doctor.hpp"

#include "config/loader.hpp"
#include "gateway/doctor/checks.hpp"
#include "gateway/surroundings.hpp"

#include <iostream>
#include <optional>
#include <unistd.h>

namespace ib::doctor {

namespace {

/// The settings, or nothing where the configuration has faults.
std::optional<config::settings> check_configuration(const std::string& file, report& to) {
  subject about(to, "configuration");
  if (file.empty()) {
    about.fine("file", "none: the defaults hold");
    return config::settings{};
  }
  auto loaded = config::load_settings_file(file);
  for (const auto& notice : loaded.notices)
    about.warn("key", notice, "Leave it out, once nothing else reads this file.");
  for (const auto& fault : loaded.faults)
    about.fail(fault.path.empty() ? "file" : fault.path, fault.message, "Mend it in " + file + ".");
  if (!loaded.ok()) return std::nullopt;
  about.fine("file", file + " has no faults");
  return loaded.value;
}

void check_everything(const config::settings& settings, report& to) {
  patient who{settings, environment()};
  auto holder = check_state(who, to);
  check_ports(who, holder, to);
  check_certificates(who, to);
  check_registries(who, to);
  switch (settings.orchestrator.engine) {
  case config::engine_kind::local:
    check_build_tools(who, to);
    break;
  case config::engine_kind::wsman:
    check_wsman(who, to);
    break;
  }
}

std::string summary(const report& all) {
  auto failed = all.count(outcome::failed), warnings = all.count(outcome::warning);
  auto checks = std::to_string(all.findings().size()) + " checks: ";
  if (failed == 0 && warnings == 0) return checks + "all is well";
  return checks + std::to_string(failed) + " failed, " + std::to_string(warnings) + " with a warning";
}

} // namespace

int examine(const doctor_flags& flags) {
  const bool colour = isatty(STDOUT_FILENO) != 0;
  report all([&](const finding& found) {
    if (!flags.json) std::cout << in_text(found, colour) << std::flush;
  });
  if (auto settings = check_configuration(flags.config, all)) check_everything(*settings, all);
  std::cout << (flags.json ? all.to_json() : summary(all)) << '\n';
  return all.healthy() ? 0 : 1;
}

} // namespace ib::doctor
