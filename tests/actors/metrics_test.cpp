#include "actors/metrics.hpp"

#include "actors/board_metrics.hpp"
#include "actors/metered_registry.hpp"
#include "actors/restart_cause.hpp"
#include "tests/support/metric_values.hpp"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <catch2/catch.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <atomic>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace {

/// Answers at once: heads are refused.
class quick_registry final : public io::registry_client {
public:
  void resolve(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    done(io::found_image{lookup.ref, "text/plain"});
  }
  void head(io::registry_lookup, std::function<void(result<io::found_image>)> done) override {
    done(error{error_code::not_found, "", "", {}});
  }
  void publish(io::publish_order, std::function<void(result<io::published_image>)> done) override {
    done(io::published_image{"sha256:1", 0, 0});
  }
};

} // namespace

TEST_CASE("what is counted is there with 0 before anything happens", "[metrics]") {
  metrics meter({"1.2.3", {"docker.io"}});
  CHECK(value_of(meter, "gitpod_server_version{version=\"1.2.3\"}") == 1);
  for (const char* series :
       {"gitpod_image_builder_builds_started_total",
        "gitpod_image_builder_builds_done_total{success=\"true\"}",
        "gitpod_image_builder_builds_done_total{success=\"false\"}", "image_builder_builds_queued",
        "image_builder_build_phase_seconds_count{phase=\"preparing\"}",
        "image_builder_build_phase_seconds_count{phase=\"stopping\"}",
        "image_builder_resolver_errors_total{code=\"internal\",registry=\"docker.io\"}",
        "image_builder_resolver_hits_total{registry=\"other\",source=\"ahead\"}",
        "image_builder_registry_seconds_count{operation=\"publish\",registry=\"docker.io\"}",
        "image_builder_journal_seconds_count{operation=\"commit\"}"})
    CHECK(value_of(meter, series) == 0);
}

TEST_CASE("a registry that the configuration does not name gets no label of its own", "[metrics]") {
  metrics meter({"", {"known.example"}});
  meter.registry("known.example").misses.Increment();
  meter.registry("evil.example").misses.Increment();
  meter.registry("worse.example").misses.Increment();
  CHECK(value_of(meter, "image_builder_resolver_misses_total{registry=\"known.example\"}") == 1);
  CHECK(value_of(meter, "image_builder_resolver_misses_total{registry=\"other\"}") == 2);
  CHECK(value_of(meter, "image_builder_resolver_misses_total{registry=\"evil.example\"}") == -1);
}

TEST_CASE("gauges that are looked at are filled when they are read", "[metrics]") {
  metrics meter;
  auto& gauge = meter.certificate_end("grpc");
  double now = 1;
  meter.before_collect([&] { gauge.Set(now); });
  CHECK(value_of(meter, "image_builder_certificate_expiry_timestamp_seconds{owner=\"grpc\"}") == 1);
  now = 2;
  CHECK(value_of(meter, "image_builder_certificate_expiry_timestamp_seconds{owner=\"grpc\"}") == 2);
}

TEST_CASE("every call of a metered registry is timed, whatever its answer", "[metrics]") {
  auto meter = std::make_shared<metrics>(metrics_settings{"", {"known.example"}});
  auto registry = make_metered_registry(std::make_shared<quick_registry>(), meter);
  auto ref = *parse_reference("known.example/a:1");
  size_t answers = 0;
  auto answered = [&](const auto&) { ++answers; };
  registry->resolve({ref, {}}, answered);
  registry->head({ref, {}}, answered);
  registry->head({ref, {}}, answered);
  registry->publish({ref, ref, {}}, answered);
  CHECK(answers == 4);
  auto counted = [&](const std::string& operation) {
    return value_of(*meter, "image_builder_registry_seconds_count{operation=\"" + operation +
                                "\",registry=\"known.example\"}");
  };
  CHECK(counted("resolve") == 1);
  CHECK(counted("head") == 2);
  CHECK(counted("publish") == 1);
}

TEST_CASE("the cause of a restart is a word of ours", "[metrics]") {
  CHECK(restart_cause(caf::make_error(caf::sec::runtime_error, "build b1: what it said")) == "crash");
  CHECK(restart_cause(caf::make_error(caf::exit_reason::kill)) == "kill");
  CHECK(restart_cause(caf::make_error(caf::sec::unexpected_message)) == "unexpected_message");
  CHECK(restart_cause(caf::error(1, caf::atom("strange"))) == "other");
}

TEST_CASE("actors are counted by kind, and kinds that are gone as none", "[metrics]") {
  metrics meter;
  auto board = std::make_shared<io::actor_board>();
  board_metrics seen(board, meter);
  auto first = board->enter("house/builds/1", "build", {});
  auto second = board->enter("house/builds/2", "build", {});
  first->begin_message(3);
  second->begin_message(7);
  seen.sample();
  CHECK(value_of(meter, "image_builder_actors{kind=\"build\"}") == 2);
  CHECK(value_of(meter, "image_builder_actor_mailbox_messages{kind=\"build\"}") == 7);
  board->leave(first, std::nullopt);
  board->leave(second, "a crash");
  seen.sample();
  CHECK(value_of(meter, "image_builder_actors{kind=\"build\"}") == 0);
  CHECK(value_of(meter, "image_builder_actor_mailbox_messages{kind=\"build\"}") == 0);
}

TEST_CASE("injected faults are counted by kind, each once", "[metrics]") {
  metrics meter;
  auto board = std::make_shared<io::actor_board>();
  board_metrics seen(board, meter);
  const std::string killed = "image_builder_faults_injected_total{kind=\"" +
                             std::string(to_string(io::fault_kind::actor_killed)) + "\"}";
  CHECK(value_of(meter, killed) == 0);
  board->faults().note(io::fault_kind::actor_killed, "house/director");
  board->faults().note(io::fault_kind::actor_killed, "house/director");
  seen.sample();
  seen.sample();
  CHECK(value_of(meter, killed) == 2);
}

TEST_CASE("whoever collects at the same time as another samples after it", "[metrics]") {
  metrics meter;
  std::atomic<int> inside{0};
  std::atomic<int> together{0};
  int samples = 0;
  meter.before_collect([&] {
    if (inside.fetch_add(1) != 0) ++together;
    ++samples;
    std::this_thread::yield();
    inside.fetch_sub(1);
  });
  auto collect = [&meter] {
    for (int i = 0; i < 200; ++i)
      static_cast<void>(meter.collect());
  };
  std::thread other(collect);
  collect();
  other.join();
  CHECK(together == 0);
  CHECK(samples == 400);
}
