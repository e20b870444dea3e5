#include "gateway/service.hpp"

#include "actors/board_metrics.hpp"
#include "actors/engine/leftovers.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/faulty_store.hpp"
#include "actors/house_config.hpp"
#include "actors/io/fault_injector.hpp"
#include "actors/io/log.hpp"
#include "actors/io/registry_http.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/metered_registry.hpp"
#include "actors/metrics.hpp"
#include "config/changes.hpp"
#include "config/documents.hpp"
#include "gateway/actor_house.hpp"
#include "gateway/debug/debug_server.hpp"
#include "gateway/engine_choice.hpp"
#include "gateway/grpc_api.hpp"
#include "gateway/grpc_server.hpp"
#include "gateway/health_server.hpp"
#include "gateway/house_settings.hpp"
#include "gateway/http/server.hpp"
#include "gateway/log_paths.hpp"
#include "gateway/metrics_page.hpp"
#include "gateway/spare_memory.hpp"
#include "gateway/surroundings.hpp"
#include "gateway/ticker.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <chrono>
#include <utility>

namespace ib {

namespace {

constexpr std::chrono::seconds spare_memory_interval{10};

result<std::filesystem::path> state_folder(const config::settings& settings) {
  auto folder = state_path(settings);
  if (!folder) return folder;
  if (auto made = make_private_folder(*folder); !made) return made.error();
  return folder;
}

} // namespace

struct service::parts {
  parts(state_lock held, std::shared_ptr<metrics> m, const config::settings& settings)
      : lock(std::move(held)), meter(std::move(m)), now(settings) {}

  state_lock lock;
  std::shared_ptr<metrics> meter;
  settings_board now;
  std::shared_ptr<io::registry_client> registry;
  std::unique_ptr<chosen_engine> engine;
  std::shared_ptr<journal_store> journal;
  health_mirror mirror;
  std::shared_ptr<service_health> health =
      std::make_shared<service_health>([this] { mirror.update(*health); });
  std::unique_ptr<health_server> probes;
  std::shared_ptr<storage_board> storage = std::make_shared<storage_board>(health);
  std::shared_ptr<running_builds_board> board = std::make_shared<running_builds_board>();
  std::shared_ptr<ref_board> refs = std::make_shared<ref_board>();
  std::shared_ptr<io::limit_board> limits = std::make_shared<io::limit_board>();
  std::shared_ptr<std::atomic<bool>> draining = std::make_shared<std::atomic<bool>>(false);
  house_config actor_config;
  std::unique_ptr<actor_house> house;
  std::shared_ptr<io::fault_injector> faults; ///< null unless faults are injected
  std::unique_ptr<grpc_api> api;
  std::unique_ptr<log_paths> logs;
  std::unique_ptr<http::server> log_server; ///< null: logs are not served over HTTP
  std::unique_ptr<debug_server> debug;      ///< null: turned off
  ticker memory_clock{spare_memory_interval, "cannot look for spare memory",
                      [memory = spare_memory()]() mutable { memory.look(); }};
  std::unique_ptr<grpc_server> server;
  std::unique_ptr<http::server> metrics_page; ///< null: not served

  void open_journal(const config::settings& settings, const std::filesystem::path& state);
  std::function<std::string(const std::string&)> log_urls(const config::settings& settings) const;
  intake_settings intake_of(const config::settings& settings) const;
  void open_house(const config::settings& settings);
  void open_api(const config::settings& settings);
  void serve_logs();
  void show_metrics();
  result<void> serve_debug(const config::settings& settings, const std::string& version);
};

void service::parts::open_journal(const config::settings& settings, const std::filesystem::path& state) {
  auto urls = log_urls(settings);
  auto now_at = [urls](const std::string& id) { return urls ? urls(id) : std::string(); };
  auto store =
      open_durable_store({state / "journal", settings.limits.log_bytes_per_build, true, std::move(now_at)});
  journal = faults ? make_faulty_store(std::move(store), faults) : std::move(store);
}

/// Where the log of a build can be followed over HTTP; null where it cannot.
std::function<std::string(const std::string&)>
service::parts::log_urls(const config::settings& settings) const {
  if (!log_server) return {};
  auto base = settings.log_base_url.empty() ? log_server->base_url() : settings.log_base_url;
  return [base](const std::string& id) { return log_paths::url(base, id); };
}

intake_settings service::parts::intake_of(const config::settings& settings) const {
  return {settings.orchestrator.base_image_repository,
          settings.orchestrator.workspace_image_repository,
          board,
          log_urls(settings),
          {}};
}

void service::parts::open_house(const config::settings& settings) {
  house = std::make_unique<actor_house>(actor_config, house_ground{.now = now,
                                                                   .engine = *engine,
                                                                   .registry = registry,
                                                                   .journal = journal,
                                                                   .board = board,
                                                                   .refs = refs,
                                                                   .storage = storage,
                                                                   .health = health,
                                                                   .meter = meter,
                                                                   .intake = intake_of(settings)});
}

void service::parts::open_api(const config::settings& settings) {
  stream_house streams{draining, meter, engine->access_comes_later()};
  api =
      std::make_unique<grpc_api>(api_ground{house->system(), board, refs, settings.local.allow_file_protocol,
                                            streams, intake_of(settings), faults});
  if (faults)
    io::log_warning("fault injection is enabled: whoever reaches the API may break this service on purpose");
}

void service::parts::serve_logs() {
  if (!log_server) return;
  logs = std::make_unique<log_paths>(house->system(), board, draining, meter);
  http::router routes;
  logs->add_to(routes);
  log_server->serve(std::move(routes));
  io::log_info("serving logs", {{"address", log_server->address()}});
}

void service::parts::show_metrics() {
  if (const auto& files = server->certificates()) {
    auto& ends = meter->certificate_end("grpc");
    meter->before_collect([files, &ends] { ends.Set(static_cast<double>(files->current()->ends_at)); });
  }
  auto actors = std::make_shared<board_metrics>(actor_config.board, *meter);
  meter->before_collect([actors] { actors->sample(); });
  if (!metrics_page) return;
  metrics_page->serve(metrics_routes(meter));
  io::log_info("serving metrics", {{"address", metrics_page->address()}});
}

result<void> service::parts::serve_debug(const config::settings& settings, const std::string& version) {
  debug_sources from{board,   storage,
                     refs,    limits,
                     health,  actor_config.board,
                     meter,   [this] { return config::print_settings(*now.read()); },
                     version, io::unix_ms_now()};
  auto started = debug_server::start(settings.debug, house->system(), std::move(from));
  if (!started) return started.error();
  debug = std::move(*started);
  return {};
}

result<std::unique_ptr<service>> service::start(const config::settings& settings,
                                                const std::string& version) {
  auto state = state_folder(settings);
  if (!state) return state.error();
  auto lock = state_lock::take(*state);
  if (!lock) return lock.error();
  auto credentials = make_credentials(settings.orchestrator);
  if (!credentials) return credentials.error();
  auto parts = std::make_unique<service::parts>(
      std::move(*lock), std::make_shared<metrics>(metrics_settings{version, known_registries(settings)}),
      settings);
  parts->health->not_ready(health_names::recovery, "the service is starting");
  auto probes = health_server::start(settings.health_address, parts->health);
  if (!probes) return probes.error();
  parts->probes = std::move(*probes);
  if (settings.fault_injection)
    parts->faults = std::make_shared<io::fault_injector>(parts->actor_config.board);
  parts->registry = make_metered_registry(
      io::make_registry_client(settings.registries, *credentials, {}, parts->faults, parts->limits),
      parts->meter);
  if (settings.http) {
    // Before the journal and the house, whose builds are told where their log can be read.
    auto listening = http::server::listen(*settings.http, "server.services.http");
    if (!listening) return listening.error();
    parts->log_server = std::move(*listening);
  }
  parts->open_journal(settings, *state);
  auto engine = choose_engine(settings, {*state, parts->registry, *credentials, parts->health, parts->faults,
                                         parts->log_urls(settings), environment()});
  if (!engine) return engine.error();
  parts->engine = std::move(*engine);
  parts->open_house(settings);
  parts->open_api(settings);
  std::unique_ptr<service> started(new service(std::move(parts)));
  auto& open = *started->parts_;
  if (settings.metrics_address != config::off) {
    auto page = http::server::listen({settings.metrics_address, std::nullopt}, "metrics");
    if (!page) return page.error();
    open.metrics_page = std::move(*page);
  }
  auto server = grpc_server::start(settings.grpc, open.api->services(), open.meter);
  if (!server) return server.error();
  open.server = std::move(*server);
  open.mirror.follow(open.server.get(), *open.health);
  open.serve_logs();
  open.show_metrics();
  if (auto debug = open.serve_debug(settings, version); !debug) return debug.error();
  io::log_info("serving gRPC", {{"address", started->address()}});
  return started;
}

service::service(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

void service::reload(const config::settings& wanted) {
  auto before = parts_->now.read();
  auto after = config::with_changes_at_once(*before, wanted);
  auto changed = log_changes(*before, wanted);
  parts_->now.publish(after);
  parts_->house->tell_changes(*before, after);
  // Certificates are looked at anyway when somebody connects; who asks for it hears of it now.
  if (const auto& files = parts_->server->certificates()) files->current();
  parts_->meter->reloads_succeeded.Increment();
  io::log_info("read the configuration again", {{"changed_keys", std::to_string(changed)}});
}

void service::refuse_reload() { parts_->meter->reloads_failed.Increment(); }

const std::string& service::address() const { return parts_->server->address(); }

bool service::is_broken() const { return parts_->house->is_broken(); }

service::~service() {
  parts_->health->not_ready(health_names::shutdown, "the service is stopping");
  *parts_->draining = true;
  auto running = parts_->board->read();
  for (const auto& channel : running->channels())
    channel->wake_all();
  // Before the server, which waits for every call: those that are still being decided are answered once the
  // actors they wait for are gone.
  parts_->house->close();
  // Not before the builds have ended: they would take the end of their run for its failure.
  parts_->engine->end_runs();
  if (parts_->server) parts_->server->stop();
  parts_->mirror.follow(nullptr, *parts_->health);
  parts_->log_server.reset();
  parts_->debug.reset();
  parts_->engine->wait();
  // Waits for the last actor.
  parts_->house.reset();
  io::log_info("stopped");
}

} // namespace ib
