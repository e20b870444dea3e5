#include "gateway/surroundings.hpp"

#include "actors/domain/reference.hpp"
#include "actors/io/docker_config.hpp"
#include "actors/io/ecr_credentials.hpp"
#include "config/state_directory.hpp"

#include <unistd.h>
#include <utility>

namespace ib {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    std::string text(*entry);
    auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

result<std::filesystem::path> state_path(const config::settings& settings) {
  if (!settings.local.state_directory.empty()) return std::filesystem::path(settings.local.state_directory);
  auto usual = config::default_state_directory(environment(), ::geteuid());
  if (!usual) return usual.error();
  return std::filesystem::path(*usual);
}

result<std::shared_ptr<io::credential_store>>
make_credentials(const config::orchestrator_settings& settings) {
  std::shared_ptr<io::credential_source> service_file;
  if (!settings.pull_secret_file.empty()) {
    io::helper_settings helpers;
    helpers.environment = environment();
    auto source = io::make_docker_config_source(settings.pull_secret_file, std::move(helpers));
    if (!source) return with_context(source.error(), "orchestrator.pullSecretFile");
    service_file = *source;
  }
  std::shared_ptr<io::credential_source> ecr;
  if (settings.enable_additional_ecr_auth) {
    io::ecr_settings amazon;
    amazon.environment = environment();
    ecr = io::make_ecr_source(std::move(amazon));
  }
  auth_policy policy(parse_repository(settings.base_image_repository)->domain,
                     parse_repository(settings.workspace_image_repository)->domain);
  return std::make_shared<io::credential_store>(std::move(policy), std::move(service_file), std::move(ecr));
}

} // namespace ib
