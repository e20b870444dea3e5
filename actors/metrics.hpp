#pragma once

#include "actors/domain/build_machine.hpp"
#include "actors/domain/error.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
struct MetricFamily;
} // namespace prometheus

namespace ib {

class rpc_metrics;
class striped_counter;

/// What is counted of lookups in one registry.
struct registry_metrics {
  static constexpr size_t codes = static_cast<size_t>(error_code::internal) + 1;

  striped_counter& ahead;                         ///< answered from what was resolved ahead of time
  prometheus::Counter& cached;                    ///< answered from the digests that are kept
  prometheus::Counter& shared;                    ///< waited for a lookup that was in flight
  prometheus::Counter& misses;                    ///< the registry was asked
  std::array<prometheus::Counter*, codes> failed; ///< lookups without an answer, by error_code
  prometheus::Histogram& resolve_seconds;         ///< what the registry took, for resolver and engine
  prometheus::Histogram& head_seconds;
  prometheus::Histogram& publish_seconds;
};

struct metrics_settings {
  std::string version;
  std::vector<std::string> registries; ///< domains that get a label of their own
};

/// Every metric of the service: named, explained and given its labels in metrics.cpp and nowhere else. All of
/// them are there with the value 0 from the start, so that a rate sees the first increment. To count is to
/// touch an atomic; the methods look labels up, so what counts often calls them once and keeps the reference.
/// May be used from any thread.
///
/// Labels never hold what a caller says: registries that the configuration does not name are "other".
class metrics {
  struct parts;
  std::unique_ptr<parts> parts_; // before the references that lead into it

public:
  explicit metrics(const metrics_settings& settings = {});
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  prometheus::Counter& builds_started;
  prometheus::Counter& builds_joined;
  prometheus::Counter& builds_succeeded;
  prometheus::Counter& builds_failed;
  prometheus::Gauge& builds_running;
  prometheus::Gauge& builds_running_limit;
  prometheus::Gauge& builds_queued;
  prometheus::Gauge& builds_queued_limit;
  prometheus::Histogram& queue_wait_seconds;
  prometheus::Counter& log_received_bytes;
  prometheus::Counter& log_sent_bytes;
  prometheus::Gauge& build_subscribers;
  prometheus::Gauge& log_subscribers;
  prometheus::Histogram& subscriber_lag_bytes;
  prometheus::Histogram& journal_commit_seconds;
  prometheus::Histogram& journal_append_seconds;
  prometheus::Gauge& journal_failing;
  prometheus::Counter& reloads_succeeded;
  prometheus::Counter& reloads_failed;

  /// Of a method; ask at start. `type` is "unary", "client_stream", "server_stream" or "bidi_stream".
  /// Lives as long as the metrics.
  rpc_metrics& rpc(const std::string& type, const std::string& service, const std::string& method);
  registry_metrics& registry(const std::string& domain) const;
  /// The time a build spends in a state that is not its last; in the queue: queue_wait_seconds.
  prometheus::Histogram& phase_seconds(build_state state) const;
  /// How often an actor was started again; `cause` is a word of the program, never of an error.
  prometheus::Counter& restarts(const std::string& actor, const std::string& cause);
  prometheus::Counter& injected_faults(const std::string& kind);
  /// Actors of a kind that live.
  prometheus::Gauge& actors(const std::string& kind);
  /// Of all actors of a kind, the most messages that wait in one mailbox.
  prometheus::Gauge& longest_mailbox(const std::string& kind);
  /// When the certificate of a listener or a client ends, in unix seconds.
  prometheus::Gauge& certificate_end(const std::string& owner);

  /// Calls `sample` before each collect(), on its thread and never on two at the same time: for gauges of
  /// what can simply be looked at. At start.
  void before_collect(std::function<void()> sample);
  /// Everything as it is now, for an exposer.
  std::vector<prometheus::MetricFamily> collect() const;
};

} // namespace ib
