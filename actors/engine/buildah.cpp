#include "actors/engine/buildah.hpp"

#include "actors/engine/leftovers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <unistd.h>
#include <utility>

namespace ib {

namespace fs = std::filesystem;

namespace {

result<void> write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return error{error_code::internal, "cannot write " + path.string(), "", {}};
  return {};
}

constexpr std::array proxy_variables{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
                                     "http_proxy", "https_proxy", "no_proxy"};

/// Where a proxy's URL carries a password, Dockerfile commands must do without the proxy: they may see no
/// credential.
bool proxies_are_secret() {
  return std::any_of(proxy_variables.begin(), proxy_variables.end(), [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && std::string_view(value).find('@') != std::string_view::npos;
  });
}

/// What commands of a Dockerfile may do as their container's root: what package managers and servers need.
/// Not among it, though buildah grants them where nothing is said: making device files, raw packets, writing
/// to the kernel's audit log. Nothing of this machine's own containers.conf holds.
constexpr const char* containers_conf = R"([containers]
default_capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP",
  "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]
)";

/// In the run's folder.
constexpr const char* image_id_file = "image-id";

/// Containers of a user without privileges are another value to buildah: `oci` would set up bridges and
/// device rules that only root may.
const char* isolation_argument(const std::string& isolation) {
  return isolation == "oci" && ::geteuid() != 0 ? "rootless" : isolation.c_str();
}

const char* tls_verify(bool plain_http) { return plain_http ? "false" : "true"; }

} // namespace

buildah::buildah(const local_context& context, const build_tools& tools, std::string run_folder,
                 std::function<void(std::string_view)> on_output, std::stop_token stop)
    : context_(context),
      tools_(tools),
      run_folder_(std::move(run_folder)),
      on_output_(std::move(on_output)),
      stop_(std::move(stop)) {}

result<void> buildah::prepare(const std::vector<pull_route>& routes) {
  std::error_code failure;
  fs::create_directories(path_of("tmp"), failure);
  if (failure)
    return error{error_code::internal, "cannot create " + run_folder_ + ": " + failure.message(), "", {}};
  if (auto done = write_file(path_of("registries.conf"), registries_conf(routes)); !done) return done;
  if (auto done =
          write_file(path_of("storage.conf"), "[storage]\ndriver = \"" + tools_.storage_driver + "\"\n");
      !done)
    return done;
  if (auto done = write_file(path_of("containers.conf"), containers_conf); !done) return done;
  if (auto done = place_certificates(); !done) return done;
  if (auto done = place_network_helper(); !done) return done;
  // Which images may be pulled is the registry's and the request's matter, not a signature policy's of this
  // host.
  return write_file(path_of("policy.json"), R"({"default":[{"type":"insecureAcceptAnything"}]})");
}

/// The tools look for the certificates of a registry in the home folder, which is the run's own.
result<void> buildah::place_certificates() const {
  for (const auto& [domain, options] : context_.registries.registries) {
    auto folder = fs::path(run_folder_) / ".config" / "containers" / "certs.d" / domain;
    std::error_code failure;
    fs::create_directories(folder, failure);
    for (const auto& [from, name] :
         {std::pair(options.ca_file, "ca.crt"), std::pair(options.cert_file, "client.cert"),
          std::pair(options.key_file.empty() ? options.cert_file : options.key_file, "client.key")})
      if (!from.empty() && !failure)
        fs::copy_file(from, folder / name, fs::copy_options::overwrite_existing, failure);
    if (failure)
      return error{error_code::internal,
                   "cannot provide the certificates of " + domain + ": " + failure.message(),
                   "",
                   {}};
  }
  return {};
}

/// buildah finds slirp4netns, the network of a container without root, by PATH, and starts it in a way that
/// leads from the container to this machine's loopback device, where the service itself listens.
result<void> buildah::place_network_helper() const {
  auto helper = io::find_program("slirp4netns");
  if (helper.empty() || ::geteuid() == 0) return {};
  auto folder = fs::path(run_folder_) / "bin";
  auto path = folder / "slirp4netns";
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (auto done = write_file(path, "#!/bin/sh\nexec " + helper + " --disable-host-loopback \"$@\"\n"); !done)
    return done;
  fs::permissions(path, fs::perms::owner_all, failure);
  if (failure) return error{error_code::internal, "cannot make " + path.string() + " executable", "", {}};
  return {};
}

std::vector<std::string> buildah::build_arguments(const image_build& what) const {
  auto argv = store_arguments();
  argv.insert(argv.end(), {"build", "--isolation", isolation_argument(tools_.isolation), "--layers",
                           "--format", "oci", "--pull-always"});
  if (proxies_are_secret()) argv.emplace_back("--http-proxy=false");
  argv.insert(argv.end(),
              {"--secret", mark(), "--signature-policy", path_of("policy.json"), "--authfile", what.auth_file,
               "--iidfile", path_of(image_id_file), "--file", what.dockerfile, what.context});
  return argv;
}

/// The id of the image that was built last.
result<std::string> buildah::built_image() const {
  std::ifstream file(path_of(image_id_file));
  std::string id;
  std::getline(file, id);
  if (id.empty()) return error{error_code::internal, "buildah told no image id", "", {}};
  return id.substr(id.find(':') + 1);
}

io::task<result<std::string>> buildah::build(const image_build& what) {
  auto running = run(build_arguments(what), false);
  auto done = co_await running;
  if (!done) co_return done.error();
  co_return built_image();
}

io::task<result<void>> buildah::push(std::string image_id, std::string target, std::string auth_file,
                                     bool plain_http) {
  auto argv = store_arguments();
  argv.insert(argv.end(), {"push", "--signature-policy", path_of("policy.json"), "--authfile", auth_file,
                           std::string("--tls-verify=") + tls_verify(plain_http), "--format", "oci", image_id,
                           "docker://" + target});
  auto running = run(std::move(argv), false);
  auto done = co_await running;
  if (!done) co_return done.error();
  co_return result<void>();
}

io::task<result<void>> buildah::copy(copy_end source, copy_end target) {
  std::vector<std::string> argv{"skopeo",
                                "--policy",
                                path_of("policy.json"),
                                "--registries-conf",
                                path_of("registries.conf"),
                                "copy",
                                "--preserve-digests",
                                "--src-authfile",
                                source.auth_file,
                                "--dest-authfile",
                                target.auth_file,
                                std::string("--src-tls-verify=") + tls_verify(source.plain_http),
                                std::string("--dest-tls-verify=") + tls_verify(target.plain_http),
                                "docker://" + source.ref,
                                "docker://" + target.ref};
  auto running = run(std::move(argv), false);
  auto done = co_await running;
  if (!done) co_return done.error();
  co_return result<void>();
}

io::task<result<std::string>> buildah::capture(std::vector<std::string> arguments) {
  auto argv = store_arguments();
  for (auto& argument : arguments)
    argv.push_back(std::move(argument));
  auto running = run(std::move(argv), true);
  auto done = co_await running;
  if (!done) co_return done.error();
  co_return std::move(done->output);
}

/// An empty secret under a name of our own: buildah keeps its options with each working container, and of all
/// options this one changes neither the image nor what its commands see.
std::string buildah::mark() const {
  auto name = fs::path(run_folder_).lexically_relative(context_.folders.builds).string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
  return "id=image-builder-" + name + ",src=/dev/null";
}

std::vector<std::string> buildah::store_arguments() const {
  std::vector<std::string> argv;
  // The namespaces end with the child: no process and no mount of it can outlive it, and it sees no process
  // but its own.
  if (tools_.own_namespaces) argv = {"unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--"};
  argv.insert(argv.end(),
              {"buildah", "--root", context_.folders.storage, "--runroot", context_.folders.runtime,
               "--storage-driver", tools_.storage_driver, "--registries-conf", path_of("registries.conf")});
  return argv;
}

std::map<std::string, std::string> buildah::environment() const {
  std::map<std::string, std::string> variables{
      {"PATH", path_of("bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", run_folder_},
      {"XDG_RUNTIME_DIR", run_folder_},
      {"TMPDIR", path_of("tmp")},
      {"LANG", "C.UTF-8"},
      {"CONTAINERS_CONF", path_of("containers.conf")},
      {"CONTAINERS_STORAGE_CONF", path_of("storage.conf")},
      state_mark(context_.folders),
  };
  std::vector<const char*> inherited(proxy_variables.begin(), proxy_variables.end());
  inherited.insert(inherited.end(), {"SSL_CERT_FILE", "SSL_CERT_DIR"});
  for (const char* name : inherited)
    if (const char* value = std::getenv(name)) variables[name] = value;
  return variables;
}

io::process_spec buildah::child(std::vector<std::string> argv, bool capture) {
  io::process_spec spec;
  spec.argv = std::move(argv);
  spec.environment = environment();
  spec.capture_stdout = capture;
  spec.kill_grace = std::chrono::milliseconds(context_.settings.stop_grace_ms);
  spec.on_output = [this](std::string_view bytes) {
    tail_.add(bytes);
    if (on_output_) on_output_(bytes);
  };
  spec.gate = gate_;
  if (!build_id_.empty()) spec.faults = context_.faults.get();
  spec.build_id = build_id_;
  return spec;
}

io::task<result<io::process_result>> buildah::run(std::vector<std::string> argv, bool capture) {
  tail_ = {};
  auto running = context_.threads.run(child(std::move(argv), capture), stop_);
  auto ended = co_await running;
  if (!ended) co_return ended.error();
  if (ended->stopped) co_return error{error_code::cancelled, "stopped", "", {}};
  if (ended->exit_code != 0) co_return explain_failure(tail_, ended->exit_code, ended->signal);
  co_return std::move(*ended);
}

} // namespace ib
