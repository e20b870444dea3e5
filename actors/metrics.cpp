#include "actors/metrics.hpp"

#include "actors/io/process_stats.hpp"
#include "actors/rpc_metrics.hpp"
#include "actors/striped_counter.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <deque>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

namespace ib {

namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using buckets = Histogram::BucketBoundaries;

// Those of the deployed dashboards (spec: operations.md, "Metrics").
const buckets& build_buckets() {
  static const buckets limits{.05, .25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 2400, 3600};
  return limits;
}
const buckets& upstream_buckets() {
  static const buckets limits{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15};
  return limits;
}
const buckets& storage_buckets() {
  static const buckets limits{.00001, .0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5};
  return limits;
}
const buckets& byte_buckets() {
  static const buckets limits{0, 4096, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
  return limits;
}

// As Go prints them: that is what is deployed.
constexpr std::array<const char*, rpc_metrics::codes> code_words{
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

constexpr std::array<build_state, 6> phases{build_state::preparing, build_state::building,
                                            build_state::pushing,   build_state::publishing,
                                            build_state::verifying, build_state::stopping};

constexpr const char* other_registry = "other";

/// The metrics of this process as Go's client has them, read when they are asked for.
class process_families {
public:
  process_families() {
    auto now = io::read_process_stats();
    counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", now.cpu_seconds);
    gauge("process_open_fds", "Number of open file descriptors.", now.open_fds);
    gauge("process_max_fds", "Maximum number of open file descriptors.", now.max_fds);
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", now.virtual_bytes);
    gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.",
          now.max_virtual_bytes);
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", now.resident_bytes);
    gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
          now.start_time);
    gauge("image_builder_engine_processes",
          "Child processes of the service: the tools that work for builds now.", now.children);
  }
  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

private:
  void counter(const char* name, const char* help, double value) {
    add(name, help, prometheus::MetricType::Counter).counter.value = value;
  }
  template <class Number>
  void gauge(const char* name, const char* help, Number value) {
    add(name, help, prometheus::MetricType::Gauge).gauge.value = static_cast<double>(value);
  }
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type) {
    return families_.emplace_back(prometheus::MetricFamily{name, help, type, {{}}}).metric.front();
  }

  std::vector<prometheus::MetricFamily> families_;
};

} // namespace

struct metrics::parts {
  explicit parts(const metrics_settings& settings);
  registry_metrics lookups_of(const std::string& domain);

  prometheus::Registry registry;
  std::vector<std::function<void()>> samples;
  /// Of exposers, each of which has a thread, and of who names a method at start; no actor waits for it.
  std::mutex collecting;

  Counter& counter(const char* name, const char* help) { return counters(name, help).Add({}); }
  Gauge& gauge(const char* name, const char* help) { return gauges(name, help).Add({}); }
  Family<Counter>& counters(const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Gauge>& gauges(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& histograms(const char* name, const char* help) {
    return BuildHistogram().Name(name).Help(help).Register(registry);
  }

  // What has labels; what has none is a member of metrics.
  Family<Counter>& done = counters("gitpod_image_builder_builds_done_total",
                                   "Builds that have ended, by whether they made an image.");
  Family<Counter>& rpc_started =
      counters("grpc_server_started_total", "Total number of RPCs started on the server.");
  Family<Counter>& rpc_handled =
      counters("grpc_server_handled_total",
               "Total number of RPCs completed on the server, regardless of success or failure.");
  Family<Counter>& rpc_received = counters("grpc_server_msg_received_total",
                                           "Total number of RPC stream messages received on the server.");
  Family<Counter>& rpc_sent =
      counters("grpc_server_msg_sent_total", "Total number of RPC stream messages sent by the server.");
  Family<Histogram>& rpc_seconds =
      histograms("grpc_server_handling_seconds", "Histogram of response latency (seconds) of RPCs that had "
                                                 "been application-level handled by the server.");
  Family<Gauge>& version = gauges("gitpod_server_version", "The version that runs; always 1.");
  Family<Histogram>& phase =
      histograms("image_builder_build_phase_seconds", "Time that builds spend in their phases.");
  Family<Counter>& hits =
      counters("image_builder_resolver_hits_total",
               "Lookups that no request to a registry was needed for, by what answered them.");
  Family<Counter>& misses =
      counters("image_builder_resolver_misses_total", "Lookups that a registry had to be asked for.");
  Family<Counter>& errors = counters("image_builder_resolver_errors_total",
                                     "Lookups that a registry was asked for in vain, by reason.");
  Family<Histogram>& upstream = histograms(
      "image_builder_registry_seconds",
      "Time from the question to the answer of a registry, retries and tokens included, by what was asked.");
  Family<Counter>& restarts = counters("image_builder_actor_restarts_total",
                                       "Actors that ended unexpectedly and were started again.");
  Family<Gauge>& actors = gauges("image_builder_actors", "Actors that live, by kind.");
  Family<Gauge>& mailboxes =
      gauges("image_builder_actor_mailbox_messages",
             "The most messages that wait in the mailbox of one actor of a kind, when it last took one.");
  Family<Histogram>& journal = histograms("image_builder_journal_seconds",
                                          "Time that the journal takes for an operation, by operation.");
  Family<Gauge>& certificates =
      gauges("image_builder_certificate_expiry_timestamp_seconds",
             "When the certificate in use ends, in seconds since unix epoch, by who shows it.");
  Family<Counter>& faults =
      counters("image_builder_faults_injected_total", "Faults that were injected on purpose, by kind.");
  Family<Gauge>& subscribers =
      gauges("image_builder_subscribers", "Clients that follow a build, by what they read.");
  Family<Counter>& reloads = counters("image_builder_config_reloads_total",
                                      "Times the configuration was read again, by whether it was good.");

  std::deque<rpc_metrics> calls;
  std::deque<striped_counter> ahead; ///< of each registry
  std::map<std::string, registry_metrics, std::less<>> lookups;
  std::map<build_state, Histogram*> phase_times;
};

metrics::parts::parts(const metrics_settings& settings) {
  if (!settings.version.empty()) version.Add({{"version", settings.version}}).Set(1);
  for (auto state : phases)
    phase_times[state] = &phase.Add({{"phase", to_string(state)}}, build_buckets());
  for (const auto& domain : settings.registries)
    lookups.emplace(domain, lookups_of(domain));
  lookups.emplace(other_registry, lookups_of(other_registry));
}

registry_metrics metrics::parts::lookups_of(const std::string& domain) {
  auto hit = [&](const char* source) -> Counter& {
    return hits.Add({{"registry", domain}, {"source", source}});
  };
  auto took = [&](const char* operation) -> Histogram& {
    return upstream.Add({{"registry", domain}, {"operation", operation}}, upstream_buckets());
  };
  registry_metrics made{ahead.emplace_back(hit("ahead")),
                        hit("cache"),
                        hit("flight"),
                        misses.Add({{"registry", domain}}),
                        {},
                        took("resolve"),
                        took("head"),
                        took("publish")};
  for (size_t i = 0; i < registry_metrics::codes; ++i)
    made.failed[i] = &errors.Add({{"registry", domain}, {"code", to_string(static_cast<error_code>(i))}});
  return made;
}

metrics::metrics(const metrics_settings& settings)
    : parts_(std::make_unique<parts>(settings)),
      builds_started(
          parts_->counter("gitpod_image_builder_builds_started_total", "Builds that were started.")),
      builds_joined(parts_->counter("image_builder_builds_joined_total",
                                    "Build requests that joined a build that was under way already.")),
      builds_succeeded(parts_->done.Add({{"success", "true"}})),
      builds_failed(parts_->done.Add({{"success", "false"}})),
      builds_running(parts_->gauge("image_builder_builds_running", "Builds that hold a slot now.")),
      builds_running_limit(parts_->gauge("image_builder_builds_running_limit", "Slots for builds.")),
      builds_queued(parts_->gauge("image_builder_builds_queued", "Builds that wait for a slot now.")),
      builds_queued_limit(
          parts_->gauge("image_builder_builds_queued_limit", "Builds that may wait for a slot.")),
      queue_wait_seconds(
          parts_->histograms("image_builder_queue_wait_seconds", "Time that builds waited for a slot.")
              .Add({}, build_buckets())),
      log_received_bytes(parts_->counter("image_builder_log_received_bytes_total",
                                         "Bytes that builds wrote to their logs.")),
      log_sent_bytes(
          parts_->counter("image_builder_log_sent_bytes_total", "Bytes of logs that were sent to clients.")),
      build_subscribers(parts_->subscribers.Add({{"stream", "build"}})),
      log_subscribers(parts_->subscribers.Add({{"stream", "log"}})),
      subscriber_lag_bytes(
          parts_
              ->histograms(
                  "image_builder_subscriber_lag_bytes",
                  "Bytes of its log that a client has not been sent yet, looked at whenever it is sent some.")
              .Add({}, byte_buckets())),
      journal_commit_seconds(parts_->journal.Add({{"operation", "commit"}}, storage_buckets())),
      journal_append_seconds(parts_->journal.Add({{"operation", "append"}}, storage_buckets())),
      journal_failing(
          parts_->gauge("image_builder_journal_failing", "1 while the journal cannot keep anything.")),
      reloads_succeeded(parts_->reloads.Add({{"success", "true"}})),
      reloads_failed(parts_->reloads.Add({{"success", "false"}})) {}

metrics::~metrics() = default;

rpc_metrics& metrics::rpc(const std::string& type, const std::string& service, const std::string& method) {
  prometheus::Labels labels{{"grpc_type", type}, {"grpc_service", service}, {"grpc_method", method}};
  const buckets limits(rpc_metrics::limits.begin(), rpc_metrics::limits.end());
  rpc_metrics::families shown{parts_->rpc_started.Add(labels),
                              {},
                              parts_->rpc_received.Add(labels),
                              parts_->rpc_sent.Add(labels),
                              parts_->rpc_seconds.Add(labels, limits)};
  for (size_t code = 0; code < rpc_metrics::codes; ++code) {
    labels["grpc_code"] = code_words[code];
    shown.handled[code] = &parts_->rpc_handled.Add(labels);
  }
  std::lock_guard not_while_collecting(parts_->collecting);
  return parts_->calls.emplace_back(shown);
}

registry_metrics& metrics::registry(const std::string& domain) const {
  auto& all = parts_->lookups;
  auto found = all.find(domain);
  return found == all.end() ? all.find(other_registry)->second : found->second;
}

Histogram& metrics::phase_seconds(build_state state) const {
  return state == build_state::queued ? queue_wait_seconds : *parts_->phase_times.at(state);
}

Counter& metrics::restarts(const std::string& actor, const std::string& cause) {
  return parts_->restarts.Add({{"actor", actor}, {"cause", cause}});
}

Counter& metrics::injected_faults(const std::string& kind) { return parts_->faults.Add({{"kind", kind}}); }

Gauge& metrics::actors(const std::string& kind) { return parts_->actors.Add({{"kind", kind}}); }

Gauge& metrics::longest_mailbox(const std::string& kind) { return parts_->mailboxes.Add({{"kind", kind}}); }

Gauge& metrics::certificate_end(const std::string& owner) {
  return parts_->certificates.Add({{"owner", owner}});
}

void metrics::before_collect(std::function<void()> sample) { parts_->samples.push_back(std::move(sample)); }

std::vector<prometheus::MetricFamily> metrics::collect() const {
  std::vector<prometheus::MetricFamily> families;
  {
    std::lock_guard one_at_a_time(parts_->collecting);
    for (const auto& sample : parts_->samples)
      sample();
    for (auto& method : parts_->calls)
      method.tell();
    for (auto& counter : parts_->ahead)
      counter.tell();
    // Not after another one has told more of the counts: a call would end in the page that it did not begin
    // in.
    families = parts_->registry.Collect();
  }
  for (auto& family : process_families().take())
    families.push_back(std::move(family));
  return families;
}

} // namespace ib
