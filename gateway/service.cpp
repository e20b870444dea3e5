#include "gateway/service.hpp"

#include "actors/board_metrics.hpp"
#include "actors/build_supervisor.hpp"
#include "actors/director.hpp"
#include "actors/domain/reference.hpp"
#include "actors/engine/leftovers.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/fan_out.hpp"
#include "actors/faulty_store.hpp"
#include "actors/house.hpp"
#include "actors/house_config.hpp"
#include "actors/io/fault_injector.hpp"
#include "actors/io/log.hpp"
#include "actors/io/registry_http.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/journal_keeper.hpp"
#include "actors/metered_registry.hpp"
#include "actors/metrics.hpp"
#include "actors/names.hpp"
#include "actors/resolver_pool.hpp"
#include "config/changes.hpp"
#include "config/documents.hpp"
#include "gateway/builds_service.hpp"
#include "gateway/debug/debug_server.hpp"
#include "gateway/engine_choice.hpp"
#include "gateway/faults_service.hpp"
#include "gateway/gateway_actor.hpp"
#include "gateway/grpc_server.hpp"
#include "gateway/health_server.hpp"
#include "gateway/house_settings.hpp"
#include "gateway/http/server.hpp"
#include "gateway/image_builder_service.hpp"
#include "gateway/log_paths.hpp"
#include "gateway/metrics_page.hpp"
#include "gateway/spare_memory.hpp"
#include "gateway/surroundings.hpp"
#include "gateway/ticker.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <thread>
#include <unistd.h>
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

size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

void configure(caf::actor_system_config& config) {
  // On few cores `sharing` keeps the latency of an ask low while one worker is busy.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::max<size_t>(cores(), 2));
}

template <class Handle>
caf::strong_actor_ptr strong(const Handle& handle) {
  return caf::actor_cast<caf::strong_actor_ptr>(handle);
}

} // namespace

struct service::parts {
  parts(state_lock held, std::shared_ptr<metrics> m, const config::settings& settings)
      : lock(std::move(held)), meter(std::move(m)), now(settings) {
    configure(actor_config);
  }

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
  std::shared_ptr<build_children> children = std::make_shared<build_children>();
  std::shared_ptr<running_builds_board> board = std::make_shared<running_builds_board>();
  std::shared_ptr<ref_board> refs = std::make_shared<ref_board>();
  std::shared_ptr<io::limit_board> limits = std::make_shared<io::limit_board>();
  std::shared_ptr<std::atomic<bool>> draining = std::make_shared<std::atomic<bool>>(false);
  house_config actor_config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor root;
  std::shared_ptr<std::promise<void>> house_end = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<image_builder_service> api;
  std::unique_ptr<builds_service> extension;
  std::shared_ptr<io::fault_injector> faults; ///< null unless faults are injected
  std::unique_ptr<faults_service> faults_api;
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
  void close_house();
  std::vector<child_spec> children_of_the_house(const config::settings& settings);
  void tell_changes(const config::settings& before, const config::settings& after);
  void serve_logs();
  void show_metrics();
  result<void> serve_debug(const config::settings& settings, const std::string& version);
  grpc::Service* open_faults();
};

std::vector<child_spec> service::parts::children_of_the_house(const config::settings& settings) {
  resolver_settings resolver;
  resolver.tag_cache_ms = settings.tag_cache_ms;
  resolver.ahead = refs;
  resolver.meter = meter;
  director_settings direction;
  direction.meter = meter;
  direction.log_retention_bytes = settings.limits.log_bytes_per_build;
  direction.health = health;
  return {
      {names::journal,
       [this](caf::actor_system& s) {
         // Its disk may be slow: it has a thread of its own.
         return strong(
             s.spawn<caf::detached>(journal_keeper, journal, storage, retention_of(*now.read()), meter));
       }},
      {names::resolver,
       [this, resolver](auto& s) { return strong(s.spawn(resolver_pool, registry, resolver)); }},
      {names::ref_cache,
       [this](auto& s) { return strong(s.spawn(ref_cache, refs, ref_cache_of(*now.read()))); }, false},
      {names::engine, [this](auto& s) { return engine->spawn(s); }, true, [this] { engine->end_orphans(); }},
      {names::fan_out, [this](auto& s) { return strong(s.spawn(fan_out, board)); }, false},
      {names::builds,
       [this](auto& s) {
         build_settings build;
         build.time_limit = time_limit_of(*now.read());
         build.meter = meter;
         return strong(s.spawn(build_supervisor, children, restart_limits{}, build));
       },
       true, [this] { end_orphans(*children); }},
      {names::director,
       [this, direction](auto& s) {
         auto with_limits = direction;
         with_limits.limits = queue_limits_of(*now.read());
         return strong(s.spawn(director, board, with_limits));
       }},
      {names::gateway, [intake = intake_of(settings)](auto& s) { return strong(s.spawn(gateway, intake)); }},
  };
}

/// Tells the house what has changed. An actor that is just being restarted finds it on the board.
void service::parts::tell_changes(const config::settings& before, const config::settings& after) {
  auto tell = [this](auto handle, caf::atom_value name, auto message) {
    using actor = decltype(handle);
    if (auto who = find_actor<actor>(*system, name)) caf::anon_send(who, std::move(message));
  };
  tell(director_impl(), names::director, change_limits{queue_limits_of(after)});
  tell(journal_impl(), names::journal, change_retention{retention_of(after)});
  tell(build_supervisor_impl(), names::builds, change_time_limit{time_limit_of(after)});
  if (before.ref_cache.refs != after.ref_cache.refs ||
      before.ref_cache.interval_ms != after.ref_cache.interval_ms)
    tell(ref_cache_actor(), names::ref_cache, change_refs{ref_cache_of(after)});
}

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
  system = std::make_unique<caf::actor_system>(actor_config);
  restart_limits limits;
  limits.intensity = 10;
  root = system->spawn(house, children_of_the_house(settings), limits, health, meter);
  root->attach_functor([end = house_end, broken = broken](const caf::error& reason) {
    if (reason && reason != caf::exit_reason::normal && reason != caf::exit_reason::user_shutdown) {
      *broken = true;
      io::log_error("the root of the house has crashed: the service ends; it finds everything again when it "
                    "is started anew");
      ::kill(::getpid(), SIGTERM);
    }
    end->set_value();
  });
  // Who calls as soon as the service listens is not to be told that the gateway is restarting.
  caf::scoped_actor here(*system);
  here->request(root, ask_timeout, await_house{})
      .receive([] {},
               [](const caf::error&) {
                 io::log_error("the actors take long to start; callers are told to try again meanwhile");
               });
}

/// Ends all actors but those that answer nobody.
void service::parts::close_house() {
  constexpr std::chrono::seconds patience{15};
  caf::anon_send(root, stop_house{});
  root = nullptr;
  if (house_end->get_future().wait_for(patience) == std::future_status::timeout)
    io::log_warning("the actors do not end in time");
  if (!*broken) return;
  for (auto name : {names::gateway, names::director, names::builds, names::fan_out, names::engine,
                    names::ref_cache, names::resolver, names::journal}) {
    if (auto actor = system->registry().get(name))
      caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::user_shutdown);
    system->registry().erase(name);
  }
}

void service::parts::serve_logs() {
  if (!log_server) return;
  logs = std::make_unique<log_paths>(*system, board, draining, meter);
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
  auto started = debug_server::start(settings.debug, *system, std::move(from));
  if (!started) return started.error();
  debug = std::move(*started);
  return {};
}

grpc::Service* service::parts::open_faults() {
  faults_api = std::make_unique<faults_service>(faults);
  io::log_warning("fault injection is enabled: whoever reaches the API may break this service on purpose");
  return faults_api.get();
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
  parts->api = std::make_unique<image_builder_service>(
      *parts->system,
      api_context{parts->board, parts->refs, request_rules{settings.local.allow_file_protocol},
                  stream_house{parts->draining, parts->meter, parts->engine->access_comes_later()},
                  parts->intake_of(settings)});
  parts->extension = std::make_unique<builds_service>(
      *parts->system, parts->board,
      stream_house{parts->draining, parts->meter, parts->engine->access_comes_later()});
  std::unique_ptr<service> started(new service(std::move(parts)));
  auto& open = *started->parts_;
  if (settings.metrics_address != config::off) {
    auto page = http::server::listen({settings.metrics_address, std::nullopt}, "metrics");
    if (!page) return page.error();
    open.metrics_page = std::move(*page);
  }
  std::vector<named_service> services{
      {"builder.ImageBuilder", open.api.get(), true, open.api->streaming()},
      {"imagebuilder.v1.Builds", open.extension.get(), true, open.extension->streaming()}};
  if (settings.fault_injection) services.push_back({"imagebuilder.v1.Faults", open.open_faults()});
  auto server = grpc_server::start(settings.grpc, services, open.meter);
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
  parts_->tell_changes(*before, after);
  // Certificates are looked at anyway when somebody connects; who asks for it hears of it now.
  if (const auto& files = parts_->server->certificates()) files->current();
  parts_->meter->reloads_succeeded.Increment();
  io::log_info("read the configuration again", {{"changed_keys", std::to_string(changed)}});
}

void service::refuse_reload() { parts_->meter->reloads_failed.Increment(); }

const std::string& service::address() const { return parts_->server->address(); }

bool service::is_broken() const { return *parts_->broken; }

service::~service() {
  parts_->health->not_ready(health_names::shutdown, "the service is stopping");
  *parts_->draining = true;
  auto running = parts_->board->read();
  for (const auto& channel : running->channels())
    channel->wake_all();
  // Before the server, which waits for every call: those that are still being decided are answered once the
  // actors they wait for are gone.
  parts_->close_house();
  // Not before the builds have ended: they would take the end of their run for its failure.
  parts_->engine->end_runs();
  if (parts_->server) parts_->server->stop();
  parts_->mirror.follow(nullptr, *parts_->health);
  parts_->log_server.reset();
  parts_->debug.reset();
  parts_->engine->wait();
  // Waits for the last actor.
  parts_->system.reset();
  io::log_info("stopped");
}

} // namespace ib
