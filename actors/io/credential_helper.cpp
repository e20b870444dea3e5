#include "actors/io/credential_helper.hpp"

#include "actors/io/process.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ib::io {

namespace {

using nlohmann::json;

/// What a helper writes where it has no credential for the server (the docker-credential-helpers protocol).
constexpr std::string_view none_found = "credentials not found";
/// The user name that says that the secret is an identity token.
constexpr std::string_view token_user = "<token>";

std::vector<std::string> directories_of(const helper_settings& settings) {
  if (!settings.directories.empty()) return settings.directories;
  std::vector<std::string> directories;
  auto path = settings.environment.find("PATH");
  std::string_view rest = "/usr/local/bin:/usr/bin:/bin";
  if (path != settings.environment.end()) rest = path->second;
  while (!rest.empty()) {
    auto directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    directories.emplace_back(directory);
  }
  return directories;
}

std::string find_helper(const helper_settings& settings, const std::string& program) {
  for (const auto& directory : directories_of(settings)) {
    if (!directory.starts_with('/')) continue; // would mean the working directory
    if (auto found = find_program(directory + "/" + program); !found.empty()) return found;
  }
  return {};
}

const std::string* text_of(const json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

result<registry_credential> parse_answer(const std::string& output) {
  auto answer = json::parse(output, nullptr, false);
  const auto* user = text_of(answer, "Username");
  const auto* secret = text_of(answer, "Secret");
  if (!user || !secret) return error{error_code::data_corrupt, "its answer is no credential"};
  registry_credential credential;
  if (*user == token_user) {
    credential.identity_token = *secret;
  } else {
    credential.username = *user;
    credential.password = *secret;
  }
  return credential;
}

result<registry_credential> judge(const helper_settings& settings, const process_result& ended,
                                  const std::stop_token& stop) {
  if (ended.stopped && stop.stop_requested()) return error{error_code::cancelled, "the service is stopping"};
  if (ended.stopped)
    return error{error_code::deadline_exceeded,
                 "no answer within " + std::to_string(settings.time_limit.count()) + " ms"};
  if (ended.exit_code == 0) return parse_answer(ended.output);
  if (std::string_view(ended.output).starts_with(none_found)) return registry_credential{};
  if (ended.signal != 0)
    return error{error_code::unavailable, "it was ended by signal " + std::to_string(ended.signal)};
  return error{error_code::unavailable, "it failed with exit code " + std::to_string(ended.exit_code)};
}

} // namespace

result<registry_credential> run_credential_helper(const helper_settings& settings, const std::string& name,
                                                  const std::string& server, std::stop_token stop) {
  const auto program = "docker-credential-" + name;
  const auto where = program + " for " + server;
  if (!is_helper_name(name))
    return error{error_code::invalid_argument, "the credential helper for " + server + " has no valid name"};
  process_spec spec;
  spec.argv = {find_helper(settings, program), "get"};
  if (spec.argv[0].empty()) return error{error_code::not_found, where + ": the program is not installed"};
  spec.environment = settings.environment;
  spec.input = server;
  spec.capture_stdout = true;
  spec.max_captured_bytes = settings.max_output_bytes;
  spec.time_limit = settings.time_limit;
  spec.kill_grace = std::chrono::milliseconds(1'000);
  auto ended = run_process(spec, stop);
  if (!ended) return with_context(ended.error(), where);
  auto credential = judge(settings, *ended, stop);
  return credential ? credential : with_context(credential.error(), where);
}

} // namespace ib::io
