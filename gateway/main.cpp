#include "actors/io/log.hpp"
#include "config/documents.hpp"
#include "config/loader.hpp"
#include "gateway/doctor/doctor.hpp"
#include "gateway/grpc_log.hpp"
#include "gateway/service.hpp"
#include "gateway/spare_memory.hpp"

#include <CLI/CLI.hpp>
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr int exit_usage = 2;
constexpr int exit_unavailable = 3;
constexpr int exit_broken = 70; // EX_SOFTWARE

struct run_flags {
  std::string config;
  bool verbose = false;
  bool json_log = false;
};

/// Reads a configuration and tells every fault; nothing where there is one.
std::optional<ib::config::settings> load(const std::string& path) {
  if (path.empty()) return ib::config::settings{};
  auto loaded = ib::config::load_settings_file(path);
  for (const auto& notice : loaded.notices)
    ib::io::log_warning(notice);
  for (const auto& fault : loaded.faults)
    std::cerr << path << ": " << to_string(fault) << '\n';
  if (!loaded.ok()) return std::nullopt;
  return loaded.value;
}

ib::io::severity severity_of(ib::config::log_level level) {
  switch (level) {
  case ib::config::log_level::debug:
    return ib::io::severity::debug;
  case ib::config::log_level::info:
    return ib::io::severity::info;
  case ib::config::log_level::warning:
    return ib::io::severity::warning;
  case ib::config::log_level::error:
    return ib::io::severity::error;
  }
  return ib::io::severity::info;
}

/// The signals that end the service, and the one that makes it read its configuration again; blocked in every
/// thread and waited for in main.
sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  return signals;
}

/// How long the service may take to stop: under the 30 s of an orderly end (spec: operations.md, "Life
/// cycle"), longer only where builds are given more by the configuration.
std::chrono::seconds stop_limit(const ib::config::settings& settings) {
  constexpr std::chrono::seconds usual{28};
  auto grace =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(settings.local.stop_grace_ms));
  return std::max(usual, grace + std::chrono::seconds(10));
}

/// Ends a process that is stopping: at once with a second signal, and where its orderly end takes too long.
/// Nothing is lost with it: the journal has everything, and children die with their parent.
void watch_the_end(const sigset_t& signals, std::chrono::seconds limit) {
  timespec time{};
  time.tv_sec = limit.count();
  int second = 0;
  do {
    second = sigtimedwait(&signals, nullptr, &time);
  } while (second < 0 && errno == EINTR);
  if (second > 0) std::_Exit(128 + second);
  ib::io::log_error("the service does not stop in time and ends as it is");
  std::_Exit(0);
}

/// SIGHUP: takes over what can change while the service runs. A closed terminal sends it, too, and ends
/// nothing.
void read_again(ib::service& service, const run_flags& flags) {
  if (flags.config.empty()) {
    ib::io::log_info("there is no configuration to read again: the service runs with its defaults");
    return;
  }
  auto loaded = ib::config::load_settings_file(flags.config);
  for (const auto& fault : loaded.faults)
    ib::io::log_error("the changed configuration has a fault",
                      {{"key", fault.path}, {"fault", fault.message}});
  if (!loaded.ok()) {
    service.refuse_reload();
    ib::io::log_error("the former configuration stays in force", {{"file", flags.config}});
    return;
  }
  if (flags.verbose) loaded.value.level = ib::config::log_level::debug;
  // Both ways: a level that hides the news of its own change would be strange.
  ib::io::set_log_level(std::min(severity_of(loaded.value.level), ib::io::severity::info));
  service.reload(loaded.value);
  ib::io::set_log_level(severity_of(loaded.value.level));
}

/// Until a signal says that the service is to end; which one.
int serve_until_signal(ib::service& service, const run_flags& flags, const sigset_t& signals) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return signal;
    read_again(service, flags);
  }
}

int run(const run_flags& flags) {
  ib::share_arenas();
  ib::io::set_log_json(flags.json_log || isatty(STDERR_FILENO) == 0);
  ib::io::set_log_version(IB_VERSION);
  ib::log_for_grpc();
  auto settings = load(flags.config);
  if (!settings) return exit_usage;
  if (flags.verbose) settings->level = ib::config::log_level::debug;
  ib::io::set_log_level(severity_of(settings->level));
  // The distribution's abseil is a build with its search for deadlocks on, which costs every lock of gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_DFL); // one that is ignored would never be waited for
  auto service = ib::service::start(*settings, IB_VERSION);
  if (!service) {
    std::cerr << "cannot start: " << service.error().message << '\n';
    return exit_unavailable;
  }
  int signal = serve_until_signal(**service, flags, signals);
  ib::io::log_info("stopping", {{"signal", strsignal(signal)}});
  sigdelset(&signals, SIGHUP);
  std::thread([signals, limit = stop_limit(*settings)] { watch_the_end(signals, limit); }).detach();
  bool broken = (*service)->is_broken();
  service->reset();
  ib::io::flush_log();
  return broken ? exit_broken : 0;
}

int check_config(const std::string& path) {
  if (!load(path)) return exit_usage;
  std::cout << path << ": fine\n";
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Builds container images for cloud workspaces.");
  app.require_subcommand(1);
  run_flags flags;
  auto* run_command = app.add_subcommand("run", "Run the service");
  run_command->add_option("--config", flags.config,
                          "Configuration file (JSON); without it the defaults hold");
  run_command->add_flag("--verbose", flags.verbose, "Log at debug level");
  run_command->add_flag("--json-log", flags.json_log, "Log JSON lines even on a terminal");
  auto* generate = app.add_subcommand("generate", "Print an example configuration or its JSON schema");
  generate->require_subcommand(1);
  auto* example = generate->add_subcommand("config", "Print an example configuration");
  auto* schema = generate->add_subcommand("schema", "Print the JSON schema of the configuration");
  std::string checked;
  auto* check = app.add_subcommand("check-config", "Check a configuration file");
  check->add_option("file", checked, "The file")->required();
  ib::doctor::doctor_flags doctor_flags;
  auto* doctor = app.add_subcommand("doctor", "Test what the configuration needs and say what to mend");
  doctor->add_option("--config", doctor_flags.config,
                     "Configuration file (JSON); without it the defaults hold");
  doctor->add_flag("--json", doctor_flags.json, "Print JSON");
  doctor->footer(
      "Run it as the user that the service runs as, with its environment. It may run beside the service.\n"
      "Exit code: 0 where nothing failed, 1 where something did, 2 for wrong usage.");
  auto* version = app.add_subcommand("version", "Print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : exit_usage;
  }
  // Files of a checkout get their modes from it, and images have them then: they are the same wherever they
  // are built. What is private says so itself. A child cannot be given one of its own by posix_spawn.
  ::umask(0022);
  if (*run_command) return run(flags);
  if (*check) return check_config(checked);
  if (*doctor) return ib::doctor::examine(doctor_flags);
  if (*example) std::cout << ib::config::example_settings() << '\n';
  if (*schema) std::cout << ib::config::settings_schema() << '\n';
  if (*version) std::cout << "image-builder " << IB_VERSION << '\n';
  return 0;
}
