#include "actors/io/git_command.hpp"

#include "actors/io/fault_points.hpp"
#include "actors/io/git_errors.hpp"
#include "actors/io/process.hpp"

#include <algorithm>
#include <cstdlib>

namespace ib::io {

namespace {

constexpr size_t kept_message_bytes = 16 * 1024; ///< of git's output, to tell the cause of a failure

void pass_through(std::map<std::string, std::string>& environment) {
  for (const char* name :
       {"PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "http_proxy",
        "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"})
    if (const char* value = std::getenv(name)) environment[name] = value;
  // Debian's git uses the GnuTLS flavour of libcurl, which knows only git's own names of the first two.
  if (environment.count("SSL_CERT_FILE"))
    environment.try_emplace("GIT_SSL_CAINFO", environment["SSL_CERT_FILE"]);
  if (environment.count("SSL_CERT_DIR"))
    environment.try_emplace("GIT_SSL_CAPATH", environment["SSL_CERT_DIR"]);
  environment.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
}

/// accept-new: a service meets hosts that nobody confirmed by hand, and without it no ssh remote would work
/// at all. A host that the machine's administrator has listed in /etc/ssh/ssh_known_hosts is still refused
/// when it shows another key; what is accepted is forgotten with the build.
// ssh looks into the home folder of the account, whatever HOME says: without these options anyone who may ask
// for a build would clone with the service's own keys.
std::string ssh_command(const std::filesystem::path& private_folder) {
  std::string quoted;
  for (auto c : (private_folder / "known_hosts").string())
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "ssh -F /dev/null -oIdentityFile=none -oIdentityAgent=none -oBatchMode=yes "
         "-oStrictHostKeyChecking=accept-new -oConnectTimeout=30 -oUserKnownHostsFile='" +
         quoted + "'";
}

using config_entries = std::vector<std::pair<std::string, std::string>>;

/// Configuration that no file can override.
config_entries forced_config(const git_initializer& git, const git_remote& remote, bool with_credentials) {
  config_entries entries{
      {"core.hooksPath", "/dev/null"},
      {"core.fsmonitor", "false"},
      {"protocol.ext.allow", "never"},
      {"safe.bareRepository", "explicit"}, // a folder of the checkout that looks like a repository is none
      {"gc.auto", "0"},                    // would go on in the background
      {"maintenance.auto", "false"},
      {"advice.detachedHead", "false"},
      {"init.defaultBranch", "main"},
      {"credential.helper", ""}, // empties the list of helpers
  };
  auto has = [&](const char* key) {
    return std::any_of(git.config.begin(), git.config.end(), [key](const auto& entry) {
      return entry.first.size() == std::string_view(key).size() &&
             std::equal(entry.first.begin(), entry.first.end(), key,
                        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
    });
  };
  // What is fetched stays packed, however little it is: git would unpack fewer than 100 objects and compress
  // each anew. And nothing of the checkout outlives the build, so that nothing needs to reach the disk.
  if (!has("fetch.unpackLimit")) entries.emplace_back("fetch.unpackLimit", "1");
  entries.emplace_back("core.fsync", "none");
  // A server that says nothing for two minutes is gone; without this a build would wait for its time limit.
  if (!has("http.lowSpeedLimit")) entries.emplace_back("http.lowSpeedLimit", "1");
  if (!has("http.lowSpeedTime")) entries.emplace_back("http.lowSpeedTime", "120");
  if (with_credentials)
    // For the remote's own host alone: a submodule from elsewhere must not be sent its password. The helper's
    // text shows in git's environment and in the arguments of its shell, the secret only in the environment.
    entries.emplace_back("credential." + remote.origin + ".helper",
                         "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$IB_GIT_USER\" "
                         "\"$IB_GIT_PASSWORD\"; }; f");
  return entries;
}

std::map<std::string, std::string> environment_for(const git_initializer& git, const git_remote& remote,
                                                   const git_credentials& credentials,
                                                   const checkout_place& place) {
  std::map<std::string, std::string> environment{
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_ATTR_NOSYSTEM", "1"},
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_ALLOW_PROTOCOL",
       place.settings.allow_file_protocol ? "https:http:ssh:git:file" : "https:http:ssh:git"},
      {"GIT_CEILING_DIRECTORIES", place.root.parent_path().string()},
      {"GIT_SSH_COMMAND", ssh_command(place.private_folder)},
      {"HOME", place.private_folder.string()},
      {"LANG", "C.UTF-8"},
  };
  pass_through(environment);
  environment.insert(place.settings.marks.begin(), place.settings.marks.end());
  auto http = remote.scheme == git_remote::protocol::https || remote.scheme == git_remote::protocol::http;
  auto with_credentials = http && !credentials.empty();
  if (with_credentials) {
    environment["IB_GIT_USER"] = credentials.user;
    environment["IB_GIT_PASSWORD"] = credentials.password;
  }
  auto entries = forced_config(git, remote, with_credentials);
  environment["GIT_CONFIG_COUNT"] = std::to_string(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    environment["GIT_CONFIG_KEY_" + std::to_string(i)] = entries[i].first;
    environment["GIT_CONFIG_VALUE_" + std::to_string(i)] = entries[i].second;
  }
  return environment;
}

/// A token is sometimes the user with an empty password.
std::vector<std::string> secrets_of(const git_credentials& credentials) {
  return {credentials.password.empty() ? credentials.user : credentials.password};
}

/// Gives git's output on without secrets and carriage returns and keeps its end.
class message_filter {
public:
  message_filter(std::shared_ptr<const pattern_set> secrets, const checkout_settings& settings)
      : redactor_(std::move(secrets)), settings_(settings) {}

  void write(std::string_view piece) {
    std::string clean;
    redactor_.write(piece, clean);
    give(std::move(clean));
  }

  std::string_view finish() {
    std::string rest;
    redactor_.finish(rest);
    give(std::move(rest));
    return kept_;
  }

private:
  void give(std::string text) {
    std::replace(text.begin(), text.end(), '\r', '\n');
    kept_ += text;
    if (kept_.size() > 2 * kept_message_bytes) kept_.erase(0, kept_.size() - kept_message_bytes);
    if (settings_.on_output && !text.empty()) settings_.on_output(text);
  }

  redactor redactor_;
  const checkout_settings& settings_;
  std::string kept_;
};

} // namespace

git_command::git_command(const git_initializer& git, const git_remote& remote,
                         const git_credentials& credentials, const checkout_place& place,
                         std::filesystem::path tree)
    : place_(place),
      tree_(std::move(tree)),
      subject_("cannot access git repository " + shown_url(remote.url)),
      environment_(environment_for(git, remote, credentials, place)),
      secrets_(std::make_shared<const pattern_set>(secrets_of(credentials))) {}

task<result<void>> git_command::run(std::vector<std::string> arguments) const {
  auto executing = execute(std::move(arguments), false);
  auto done = co_await executing;
  if (!done) co_return done.error();
  co_return result<void>();
}

task<result<std::string>> git_command::query(std::vector<std::string> arguments) const {
  return execute(std::move(arguments), true);
}

task<result<std::string>> git_command::execute(std::vector<std::string> arguments, bool capture) const {
  message_filter filter(secrets_, place_.settings);
  auto* faults = place_.settings.faults;
  auto meeting = place_.threads.meet(faults, fault_place::git, place_.stop);
  auto met = co_await meeting;
  if (!met) co_return with_context(met.error(), subject_);
  process_spec spec;
  spec.argv = {"git"};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.environment = environment_;
  spec.directory = tree_.string();
  spec.capture_stdout = capture;
  spec.on_output = [&filter](std::string_view piece) { filter.write(piece); };
  spec.gate = place_.settings.gate;
  spec.faults = faults;
  spec.build_id = place_.settings.build_id;
  auto running = place_.threads.run(std::move(spec), place_.stop);
  auto ended = co_await running;
  auto messages = filter.finish();
  if (!ended) co_return with_context(ended.error(), subject_);
  if (ended->stopped) co_return error{error_code::cancelled, subject_ + ": stopped"};
  // Whatever it said before: that is no answer of the repository's.
  if (ended->signal != 0)
    co_return error{error_code::unavailable,
                    subject_ + ": git was killed by signal " + std::to_string(ended->signal),
                    "",
                    {}};
  if (ended->exit_code != 0) co_return git_failure(messages, ended->exit_code, subject_);
  co_return std::move(ended->output);
}

} // namespace ib::io
