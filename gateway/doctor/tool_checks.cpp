#include "gateway/doctor/checks.hpp"

#include "actors/engine/tool_probe.hpp"
#include "actors/io/process.hpp"
#include "gateway/surroundings.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace ib::doctor {

namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::string>& plain_environment() {
  static const std::map<std::string, std::string> variables{{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                                                            {"LC_ALL", "C"}};
  return variables;
}

/// What a program prints of its version; empty where it does not run.
std::string version_of(const std::string& program) {
  io::process_spec spec;
  spec.argv = {program, "--version"};
  spec.environment = plain_environment();
  spec.capture_stdout = true;
  spec.time_limit = std::chrono::seconds(20);
  auto ended = io::run_process(spec, {});
  if (!ended || ended->exit_code != 0) return {};
  return ended->output.substr(0, ended->output.find('\n'));
}

bool check_program(subject& about, const std::string& name, const std::string& why) {
  auto path = io::find_program(name);
  if (path.empty())
    return about.fail(name, "is not installed", "Install it (apt install " + name + "): " + why + ".");
  auto version = version_of(name);
  if (version.empty()) return about.fail(name, path + " does not run", "Install it anew: " + why + ".");
  return about.fine(name, version);
}

/// A folder of its own on the disk of the state folder, removed with everything in it.
class trial_folder {
public:
  explicit trial_folder(fs::path beside) {
    std::error_code failure;
    while (!fs::exists(beside, failure) && beside.has_relative_path())
      beside = beside.parent_path();
    auto pattern = (beside / "doctor-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr)
      path_ = pattern;
    else
      why_ = beside.string() + ": " + std::strerror(errno);
  }
  ~trial_folder() {
    if (path_.empty()) return;
    std::error_code failure;
    fs::remove_all(path_, failure);
    if (!failure) return;
    // Files of other users of a rootless store can only be removed from within its user namespace.
    io::process_spec spec;
    spec.argv = {"buildah", "unshare", "rm", "-rf", path_.string()};
    spec.environment = plain_environment();
    if (const char* home = std::getenv("HOME")) spec.environment["HOME"] = home;
    [[maybe_unused]] auto removed = io::run_process(spec, {});
  }
  trial_folder(const trial_folder&) = delete;
  trial_folder& operator=(const trial_folder&) = delete;

  const fs::path& path() const { return path_; } ///< empty where it could not be made
  const std::string& why() const { return why_; }

private:
  fs::path path_;
  std::string why_;
};

/// Builds an image, as the service does when it starts, in a store of its own: a service that runs is not
/// disturbed.
void check_isolation(subject& about, const patient& who) {
  auto state = state_path(who.settings);
  if (!state) return about.skip("isolation", "there is no state folder to try it in");
  trial_folder folder(*state);
  if (folder.path().empty()) return about.skip("isolation", folder.why());
  local_context context;
  context.settings = who.settings.local;
  context.registries = who.settings.registries;
  auto folders = make_engine_folders(folder.path());
  if (!folders) return about.skip("isolation", folders.error().message);
  context.folders = *folders;
  auto tools = io::wait_for(probe_tools(context));
  if (!tools)
    about.fail("isolation", tools.error().message,
               "No way to build works here. In a container, builds need user namespaces or privileges; "
               "rootless ones need "
               "uidmap and lines in /etc/subuid and /etc/subgid.");
  else if (tools->isolation == "oci")
    about.fine("isolation", tools->explanation);
  else
    about.warn("isolation",
               tools->explanation +
                   (tools->passed_over.empty() ? "" : "; oci does not work: " + tools->passed_over),
               "Let this machine run crun (namespaces, cgroups), or give it to builds alone.");
}

} // namespace

void check_build_tools(const patient& who, report& to) {
  subject about(to, "build tools");
  check_program(about, "git", "it fetches the sources of builds");
  check_program(about, "skopeo", "it copies images between registries");
  if (check_program(about, "buildah", "it builds"))
    check_isolation(about, who);
  else
    about.skip("isolation", "buildah is missing");
}

} // namespace ib::doctor
