#include "actors/domain/queue_policy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace ib;
using ids = std::vector<std::string>;

TEST_CASE("builds run at once up to the limit, then wait, then are refused") {
  queue_policy queue({2, 1});
  CHECK(queue.submit("a", "x").value());
  CHECK(queue.submit("b", "x").value());
  CHECK_FALSE(queue.submit("c", "x").value());
  const auto refused = queue.submit("d", "y");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::resource_exhausted);
  CHECK(refused.error().message ==
        "the build queue is full: 1 builds are waiting, the limit of queued builds");
  CHECK(queue.running() == 2);
  CHECK(queue.queued() == 1);
  CHECK(queue.release("a") == ids{"c"});
  CHECK(queue.queued() == 0);
}

TEST_CASE("owners take turns and keep their own order") {
  queue_policy queue({1, 100});
  CHECK(queue.submit("run", "x").value());
  for (const std::string id : {"x1", "x2", "x3"})
    CHECK_FALSE(queue.submit(id, "x").value());
  for (const std::string id : {"y1", "y2"})
    CHECK_FALSE(queue.submit(id, "y").value());
  CHECK_FALSE(queue.submit("z1", "z").value());
  CHECK(queue.order() == ids{"x1", "y1", "z1", "x2", "y2", "x3"});
  CHECK(queue.release("run") == ids{"x1"});
  CHECK(queue.order() == ids{"y1", "z1", "x2", "y2", "x3"});
}

TEST_CASE("a build that is known already keeps its place") {
  queue_policy queue({1, 1});
  CHECK(queue.submit("a", "x").value());
  CHECK(queue.submit("a", "x").value());
  CHECK_FALSE(queue.submit("b", "x").value());
  CHECK_FALSE(queue.submit("b", "y").value());
  CHECK(queue.queued() == 1);
}

TEST_CASE("a queued build that is cancelled leaves its place to the next") {
  queue_policy queue({1, 10});
  CHECK(queue.submit("a", "x").value());
  CHECK_FALSE(queue.submit("b", "x").value());
  CHECK_FALSE(queue.submit("c", "y").value());
  CHECK(queue.release("b").empty());
  CHECK(queue.builds_ahead("b") == std::nullopt);
  CHECK(queue.builds_ahead("c") == 0);
  CHECK(queue.release("unknown").empty());
  CHECK(queue.release("a") == ids{"c"});
}

TEST_CASE("adopted builds count as running, also above the limit") {
  queue_policy queue({1, 10});
  queue.adopt_running("a");
  queue.adopt_running("b");
  queue.adopt_running("b");
  CHECK(queue.running() == 2);
  CHECK_FALSE(queue.submit("c", "x").value());
  CHECK(queue.release("a").empty());
  CHECK(queue.release("b") == ids{"c"});
  CHECK_FALSE(queue.submit("d", "x").value());
  queue.adopt_running("d");
  CHECK(queue.queued() == 0);
  CHECK(queue.running() == 2);
}

TEST_CASE("one release may start several builds") {
  queue_policy queue({3, 10});
  for (const std::string id : {"a", "b", "c", "d", "e"})
    REQUIRE(queue.submit(id, "x"));
  CHECK(queue.release("a") == ids{"d"});
  CHECK(queue.release("b") == ids{"e"});
  CHECK(queue.release("c").empty());
  CHECK(queue.running() == 2);
}

TEST_CASE("an estimate comes from the mean of the last 20 runs") {
  queue_policy queue({2, 10});
  for (const std::string id : {"a", "b", "c", "d"})
    REQUIRE(queue.submit(id, "x"));
  CHECK(queue.estimate_ms("c") == std::nullopt);
  queue.record_duration_ms(1'000'000);
  for (int i = 0; i < 20; ++i)
    queue.record_duration_ms(i % 2 == 0 ? 100 : 300);
  CHECK(queue.estimate_ms("c") == 100);
  CHECK(queue.estimate_ms("d") == 200);
  CHECK(queue.estimate_ms("a") == std::nullopt);
  for (int i = 0; i < 20; ++i)
    queue.record_duration_ms(INT64_MAX);
  CHECK(queue.estimate_ms("d") == int64_t{1} << 40);
  for (int i = 0; i < 20; ++i)
    queue.record_duration_ms(-5);
  CHECK(queue.estimate_ms("d") == 0);
}

namespace {

/// Drives a queue with random events and checks every promise against its own books.
class random_run {
public:
  explicit random_run(uint32_t seed) : random_(seed), limits_{1 + seed % 3, 5 + seed % 20}, queue_(limits_) {}

  void step() {
    if (pick(100) < 60) {
      submit();
    } else if (!running_.empty() && pick(100) < 80) {
      release(*std::next(running_.begin(), pick(running_.size())));
    } else if (!waiting_.empty()) {
      release(std::next(waiting_.begin(), pick(waiting_.size()))->first);
    }
    check_books();
  }

  void drain() {
    while (!running_.empty()) {
      release(*running_.begin());
      check_books();
    }
    CHECK(waiting_.empty());
    CHECK(queue_.running() + queue_.queued() == 0);
  }

private:
  size_t pick(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }

  void submit() {
    const auto id = "b" + std::to_string(next_id_++);
    const auto owner = "o" + std::to_string(pick(pick(5) + 1));
    const auto runs = queue_.submit(id, owner);
    if (!runs) {
      CHECK(waiting_.size() == limits_.queued);
    } else if (*runs) {
      CHECK(running_.insert(id).second);
    } else {
      CHECK(running_.size() >= limits_.running);
      waiting_[id] = owner;
      if (!since_.contains(owner)) since_[owner] = {};
    }
  }

  void release(std::string id) { // a copy: the books it comes from change
    running_.erase(id);
    forget_waiting(id);
    const auto expected = queue_.order();
    const auto started = queue_.release(id);
    size_t place = 0;
    for (const auto& next : started) {
      while (place < expected.size() && expected[place] == id)
        ++place;
      CHECK(next == expected.at(place++));
      note_start(next);
    }
  }

  void forget_waiting(const std::string& id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    const auto owner = found->second;
    waiting_.erase(found);
    if (!has_waiting(owner)) since_.erase(owner);
  }

  /// Fairness: while an owner waits for its first start, no other owner starts twice.
  void note_start(const std::string& id) {
    const auto owner = waiting_.at(id);
    waiting_.erase(id);
    CHECK(running_.insert(id).second);
    for (auto& [waiter, starts] : since_) {
      if (waiter != owner) CHECK(++starts[owner] <= 1);
    }
    since_.erase(owner);
    if (has_waiting(owner)) since_[owner] = {};
  }

  bool has_waiting(const std::string& owner) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const auto& entry) { return entry.second == owner; });
  }

  void check_books() {
    CHECK(queue_.running() == running_.size());
    CHECK(queue_.queued() == waiting_.size());
    CHECK(running_.size() <= limits_.running);
    if (!waiting_.empty()) CHECK(running_.size() == limits_.running);
    const auto order = queue_.order();
    CHECK(std::set<std::string>(order.begin(), order.end()).size() == waiting_.size());
    for (size_t place = 0; place < order.size(); ++place) {
      CHECK(waiting_.contains(order[place]));
      CHECK(queue_.builds_ahead(order[place]) == place);
    }
  }

  std::mt19937 random_;
  queue_limits limits_;
  queue_policy queue_;
  size_t next_id_ = 0;
  std::set<std::string> running_;
  std::map<std::string, std::string> waiting_;
  /// For each owner with waiting builds: who started how often since it began to wait for its next start.
  std::map<std::string, std::map<std::string, int>> since_;
};

} // namespace

TEST_CASE("under random events the queue is fair, loses nothing and keeps its limits") {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    random_run run(seed);
    for (int i = 0; i < 150; ++i)
      run.step();
    run.drain();
  }
}

TEST_CASE("more slots let builds run that wait, in the order they would have", "[queue_policy]") {
  queue_policy queue({1, 10});
  for (const char* id : {"a1", "a2", "a3"})
    REQUIRE(queue.submit(id, "a"));
  REQUIRE(queue.submit("b1", "b"));
  CHECK(queue.change_limits({3, 10}) == std::vector<std::string>{"a2", "b1"});
  CHECK(queue.running() == 3);
  CHECK(queue.order() == std::vector<std::string>{"a3"});
}

TEST_CASE("fewer slots end nothing: no build begins until enough have ended", "[queue_policy]") {
  queue_policy queue({3, 10});
  for (const char* id : {"a", "b", "c", "d"})
    REQUIRE(queue.submit(id, "who"));
  CHECK(queue.change_limits({1, 10}).empty());
  CHECK(queue.running() == 3);
  CHECK(queue.release("a").empty());
  CHECK(queue.release("b").empty());
  CHECK(queue.release("c") == std::vector<std::string>{"d"});
}

TEST_CASE("a shorter queue refuses new builds and keeps those that wait", "[queue_policy]") {
  queue_policy queue({1, 3});
  for (const char* id : {"a", "b", "c"})
    REQUIRE(queue.submit(id, "who"));
  CHECK(queue.change_limits({1, 1}).empty());
  CHECK(queue.queued() == 2);
  CHECK_FALSE(queue.submit("d", "who"));
  CHECK(queue.change_limits({1, 3}).empty());
  CHECK(queue.submit("d", "who"));
}

TEST_CASE("builds that were admitted before wait for their turn, whatever the queue's limit",
          "[queue_policy]") {
  queue_policy queue({1, 1});
  CHECK(queue.readmit("a", "who"));
  for (const char* id : {"b", "c", "d"})
    CHECK_FALSE(queue.readmit(id, "who"));
  CHECK(queue.running() == 1);
  CHECK(queue.order() == std::vector<std::string>{"b", "c", "d"});
  CHECK_FALSE(queue.readmit("b", "who"));
  CHECK(queue.readmit("a", "who"));
  CHECK(queue.queued() == 3);
  CHECK(queue.submit("e", "who").error().code == error_code::resource_exhausted);
  CHECK(queue.release("a") == std::vector<std::string>{"b"});
}
