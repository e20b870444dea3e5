#include "actors/engine/tool_probe.hpp"

#include "actors/engine/auth_file.hpp"
#include "actors/engine/buildah.hpp"
#include "actors/io/log.hpp"
#include "actors/io/process.hpp"

#include <array>
#include <fstream>
#include <unistd.h>

namespace ib {

namespace fs = std::filesystem;

namespace {

std::string explain(const build_tools& tools) {
  std::string text = "oci: Dockerfile commands run in containers of their own, with namespaces and seccomp";
  if (tools.isolation != "oci")
    text = "chroot: no boundary; Dockerfile commands can do what the user of this service can: run untrusted "
           "Dockerfiles only on a machine of their own";
  else if (::geteuid() != 0 && io::find_program("slirp4netns").empty())
    text += ", but with this machine's network: slirp4netns is not installed";
  text += "; storage " + tools.storage_driver;
  if (tools.own_namespaces) text += "; processes and mounts end with the build";
  return text;
}

io::task<bool> can_unshare(const local_context& context) {
  if (::geteuid() != 0 || io::find_program("unshare").empty()) co_return false;
  io::process_spec spec;
  spec.argv = {"unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--", "true"};
  spec.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  auto running = context.threads.run(std::move(spec), {});
  auto ended = co_await running;
  co_return ended && ended->exit_code == 0;
}

/// Beside our own program, as it is built; else where it is installed, PREFIX/libexec beside PREFIX/bin.
fs::path probe_program() {
  auto folder = fs::read_symlink("/proc/self/exe").parent_path();
  auto beside = folder / "image-builder-probe";
  std::error_code failure;
  if (fs::exists(beside, failure)) return beside;
  return folder.parent_path() / "libexec" / "image-builder" / "image-builder-probe";
}

/// buildah says only that a command has failed.
error with_words_of_probe(error what, const std::string& said) {
  constexpr std::string_view mark = "probe: ";
  auto begin = said.rfind(mark);
  if (begin == std::string::npos || (begin > 0 && said[begin - 1] != '\n')) return what;
  begin += mark.size();
  what.message = said.substr(begin, said.find('\n', begin) - begin) + " (" + what.message + ")";
  return what;
}

/// Builds an image with one RUN step whose command is the static probe program.
io::task<result<void>> try_out(const local_context& context, const build_tools& tools, fs::path folder) {
  std::string said;
  buildah tool(
      context, tools, folder, [&](std::string_view bytes) { said.append(bytes); },
      context.shutdown.get_token());
  if (auto done = tool.prepare({}); !done) co_return done;
  if (auto done = write_auth_file(folder / "auth.json", {}); !done) co_return done;
  image_build what{folder / "context" / "Dockerfile", folder / "context", folder / "auth.json"};
  auto building = tool.build(what);
  auto built = co_await building;
  if (!built) co_return with_words_of_probe(built.error(), said);
  std::vector<std::string> arguments{"rmi", *built};
  auto removing = tool.capture(std::move(arguments));
  auto removed = co_await removing;
  static_cast<void>(removed);
  co_return result<void>();
}

/// No build has begun: every working container is one that a killed predecessor left.
io::task<result<void>> remove_old_containers(const local_context& context, const build_tools& tools,
                                             fs::path folder) {
  buildah tool(context, tools, folder, {}, {});
  std::vector<std::string> arguments{"rm", "--all"};
  auto removing = tool.capture(std::move(arguments));
  auto removed = co_await removing;
  if (!removed) io::log_warning("cannot remove old working containers: " + removed.error().message);
  co_return result<void>();
}

result<void> make_context(const fs::path& folder) {
  std::error_code failure;
  fs::remove_all(folder, failure);
  fs::create_directories(folder / "context", failure);
  if (!failure) fs::permissions(folder, fs::perms::owner_all, failure);
  if (!failure) fs::copy_file(probe_program(), folder / "context" / "probe", failure);
  if (failure)
    return error{error_code::internal,
                 "cannot prepare the probe with " + probe_program().string() + ": " + failure.message(),
                 "",
                 {}};
  std::ofstream(folder / "context" / "Dockerfile") << "FROM scratch\nCOPY probe /probe\nRUN [\"/probe\"]\n";
  return {};
}

std::vector<std::string> isolations(config::isolation_mode mode) {
  switch (mode) {
  case config::isolation_mode::automatic:
    return {"oci", "chroot"};
  case config::isolation_mode::oci:
    return {"oci"};
  case config::isolation_mode::chroot:
    return {"chroot"};
  }
  return {};
}

} // namespace

io::task<result<build_tools>> probe_tools(const local_context& context) {
  if (io::find_program("buildah").empty())
    co_return error{error_code::failed_precondition, "the program buildah is not installed", "", {}};
  auto folder = context.folders.builds / "probe";
  if (auto made = make_context(folder); !made) co_return made.error();
  error last{error_code::internal, "no isolation was tried", "", {}};
  build_tools tools;
  auto unsharing = can_unshare(context);
  auto can = co_await unsharing;
  tools.own_namespaces = can;
  bool found = false;
  const std::array drivers{"overlay", "vfs"};
  const auto wanted = isolations(context.settings.isolation);
  for (const char* driver : drivers) {
    for (const auto& isolation : wanted) {
      tools.isolation = isolation;
      tools.storage_driver = driver;
      auto trying = try_out(context, tools, folder);
      auto works = co_await trying;
      if (works) {
        found = true;
        if (isolation == "oci") tools.passed_over.clear();
        break;
      }
      last = with_context(works.error(), isolation + " on " + driver);
      if (isolation == "oci") tools.passed_over = last.message;
    }
    if (found) break;
  }
  if (found) {
    auto removing = remove_old_containers(context, tools, folder);
    auto removed = co_await removing;
    static_cast<void>(removed);
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!found) co_return last;
  tools.explanation = explain(tools);
  co_return tools;
}

} // namespace ib
