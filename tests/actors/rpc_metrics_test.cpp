#include "actors/rpc_metrics.hpp"

#include "actors/striped_counter.hpp"
#include "tests/support/metric_values.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

struct method {
  metrics meter;
  rpc_metrics& calls = meter.rpc("unary", "s", "M");

  static std::string series(const std::string& name, const std::string& first = "",
                            const std::string& last = "") {
    return "grpc_server_" + name + "{" + first + R"(grpc_method="M",grpc_service="s",grpc_type="unary")" +
           last + "}";
  }
  double value(const std::string& name, const std::string& first = "", const std::string& last = "") const {
    return value_of(meter, series(name, first, last));
  }
  double handled(const std::string& code) const {
    return value("handled_total", "grpc_code=\"" + code + "\",");
  }
  double within(const std::string& seconds) const {
    return value("handling_seconds_bucket", "", ",le=\"" + seconds + "\"");
  }
};

} // namespace

TEST_CASE_METHOD(method, "calls are shown when they are collected, each once", "[rpc_metrics]") {
  CHECK(handled("OK") == 0);
  CHECK(within("0.005") == 0);
  calls.started();
  calls.received();
  for (int look = 0; look < 2; ++look) {
    CHECK(value("started_total") == 1);
    CHECK(value("msg_received_total") == 1);
    CHECK(value("msg_sent_total") == 0);
    CHECK(handled("OK") == 0);
  }
  calls.sent();
  calls.handled(0, 3ms);
  for (int look = 0; look < 2; ++look) {
    CHECK(value("started_total") == 1);
    CHECK(value("msg_sent_total") == 1);
    CHECK(handled("OK") == 1);
    CHECK(value("handling_seconds_count") == 1);
    CHECK(value("handling_seconds_sum") == Approx(0.003));
  }
}

TEST_CASE_METHOD(method, "a code that gRPC does not have is unknown", "[rpc_metrics]") {
  calls.handled(16, 1ms);
  calls.handled(17, 1ms);
  calls.handled(1'000, 1ms);
  CHECK(handled("Unauthenticated") == 1);
  CHECK(handled("Unknown") == 2);
}

TEST_CASE_METHOD(method, "a time is in the first bucket that it fits", "[rpc_metrics]") {
  for (auto took : {0ms, 5ms, 6ms, 600'000ms, 600'001ms})
    calls.handled(0, took);
  CHECK(within("0.005") == 2);
  CHECK(within("0.025") == 3);
  CHECK(within("240") == 3);
  CHECK(within("600") == 4);
  CHECK(within("+Inf") == 5);
}

TEST_CASE_METHOD(method, "nothing is lost where threads count while others collect", "[rpc_metrics]") {
  std::atomic<bool> done{false};
  std::atomic<uint64_t> made{0};
  std::thread other([&] {
    while (!done)
      static_cast<void>(meter.collect());
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      while (!done) {
        calls.started();
        calls.handled(0, 1us);
        ++made;
      }
    });
  for (int i = 0; i < 50; ++i) {
    const auto page = page_of(meter);
    CHECK(value_in(page, series("handled_total", "grpc_code=\"OK\",")) <=
          value_in(page, series("started_total")));
  }
  done = true;
  for (auto& caller : callers)
    caller.join();
  other.join();
  const auto all = static_cast<double>(made);
  CHECK(all > 0);
  CHECK(value("started_total") == all);
  CHECK(handled("OK") == all);
  CHECK(value("handling_seconds_count") == all);
  CHECK(value("handling_seconds_sum") == Approx(all / 1e6));
}

TEST_CASE("answers from what was resolved ahead are shown when they are collected", "[rpc_metrics]") {
  metrics meter({"", {"known.example"}});
  const std::string series = "image_builder_resolver_hits_total{registry=\"known.example\",source=\"ahead\"}";
  meter.registry("known.example").ahead.increment();
  CHECK(value_of(meter, series) == 1);
  CHECK(value_of(meter, series) == 1);
  meter.registry("known.example").ahead.increment();
  CHECK(value_of(meter, series) == 2);
}
