#include "gateway/engine_choice.hpp"

#include "actors/domain/reference.hpp"
#include "actors/engine/leftovers.hpp"
#include "actors/engine/local.hpp"
#include "actors/engine/wsman_engine.hpp"
#include "actors/engine/wsman_faults.hpp"
#include "actors/io/ecr_host.hpp"
#include "actors/io/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <sys/resource.h>
#include <thread>
#include <utility>

namespace ib {

namespace {

class local_choice final : public chosen_engine {
public:
  explicit local_choice(std::shared_ptr<local_context> context) : context_(std::move(context)) {}

  caf::strong_actor_ptr spawn(caf::actor_system& system) override {
    return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(local_engine, context_, runs_));
  }
  bool access_comes_later() const override { return false; }
  void end_orphans() override { runs_->end_all(); }
  void end_runs() override { context_->shutdown.request_stop(); }
  void wait() override { context_->threads.wait(); }

private:
  std::shared_ptr<local_context> context_;
  std::shared_ptr<local_runs> runs_ = std::make_shared<local_runs>();
};

result<std::unique_ptr<chosen_engine>> choose_local(const config::settings& settings, engine_ground ground) {
  auto folders = make_engine_folders(ground.state);
  if (!folders) return folders.error();
  clean_leftovers(*folders);
  auto context = std::make_shared<local_context>();
  context->settings = settings.local;
  context->registries = settings.registries;
  context->base_domain = parse_repository(settings.orchestrator.base_image_repository)->domain;
  context->workspace_domain = parse_repository(settings.orchestrator.workspace_image_repository)->domain;
  context->folders = std::move(*folders);
  context->registry = std::move(ground.registry);
  context->credentials = std::move(ground.credentials);
  context->health = std::move(ground.health);
  context->faults = std::move(ground.faults);
  return std::unique_ptr<chosen_engine>(std::make_unique<local_choice>(std::move(context)));
}

class wsman_choice final : public chosen_engine {
public:
  explicit wsman_choice(std::shared_ptr<wsman_context> context) : context_(std::move(context)) {}

  caf::strong_actor_ptr spawn(caf::actor_system& system) override {
    return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(wsman_engine, context_));
  }
  bool access_comes_later() const override { return true; }
  void end_orphans() override {}
  void end_runs() override {}
  void wait() override {
    context_->manager->close();
    context_->streams->stop();
  }

private:
  std::shared_ptr<wsman_context> context_;
};

/// Each build's log is a connection.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) io::log_warning("cannot raise the limit of open files");
}

/// A host whose password is good for all of the region's: that of the service's own repositories, where they
/// are at Amazon, else any of the region that the environment names. Empty where no region is known.
std::string ecr_domain(const config::orchestrator_settings& settings,
                       const std::map<std::string, std::string>& environment) {
  if (!settings.enable_additional_ecr_auth) return {};
  for (const auto& repository : {settings.base_image_repository, settings.workspace_image_repository})
    if (auto parsed = parse_repository(repository); parsed && io::parse_ecr_host(parsed->domain))
      return parsed->domain;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (auto region = environment.find(name); region != environment.end() && !region->second.empty())
      return "000000000000.dkr.ecr." + region->second + ".amazonaws.com";
  io::log_warning(
      "builds get no password for Amazon ECR: neither AWS_REGION nor a repository names a region");
  return {};
}

result<std::unique_ptr<chosen_engine>> choose_wsman(const config::settings& settings, engine_ground ground) {
  raise_file_limit();
  const auto& orchestrator = settings.orchestrator;
  manager_address where{orchestrator.wsman_address, "", "", ""};
  if (const auto& tls = orchestrator.wsman_tls) {
    where.ca_file = tls->ca;
    where.certificate_file = tls->certificate;
    where.key_file = tls->key;
  }
  auto context = std::make_shared<wsman_context>();
  context->manager = make_workspace_manager(where, {orchestrator.builder_image, orchestrator.pull_secret,
                                                    settings.level == config::log_level::debug});
  if (ground.faults) context->manager = make_faulty_manager(std::move(context->manager), ground.faults);
  context->streams = std::make_shared<io::http_streams>();
  context->credentials = std::move(ground.credentials);
  context->health = std::move(ground.health);
  context->ecr_domain = ecr_domain(orchestrator, ground.environment);
  context->log_ca_file = orchestrator.wsman_log_ca_file;
  context->log_url = std::move(ground.log_url);
  io::log_info("builds are carried out by ws-manager", {{"address", orchestrator.wsman_address}});
  return std::unique_ptr<chosen_engine>(std::make_unique<wsman_choice>(std::move(context)));
}

} // namespace

result<std::unique_ptr<chosen_engine>> choose_engine(const config::settings& settings, engine_ground ground) {
  switch (settings.orchestrator.engine) {
  case config::engine_kind::local:
    return choose_local(settings, std::move(ground));
  case config::engine_kind::wsman:
    return choose_wsman(settings, std::move(ground));
  }
  return error{error_code::internal, "the configuration names no engine", "orchestrator.engine", {}};
}

} // namespace ib
