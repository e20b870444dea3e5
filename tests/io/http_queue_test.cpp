#include "actors/io/http_queue.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;

namespace {

/// A queue of requests that are told apart by their ids; each is dropped once it was under way.
class queue_of_ids {
public:
  explicit queue_of_ids(size_t per_host, size_t in_all = 1'000) : queue({per_host, in_all, 0}) {}

  void add(uint64_t id, const std::string& host, std::chrono::milliseconds patience = 1h) {
    http_request request;
    request.url = "http://" + host + "/";
    request.total_timeout = patience;
    queue.add(std::make_unique<http_transfer>(id, request, http_origin{"http", host, "80"},
                                              [](const result<http_response>&) {}));
  }
  bool enter(const std::string& host) { return queue.enter("http://" + host + ":80"); }
  void leave(const std::string& host) { queue.leave("http://" + host + ":80"); }
  /// The id of the next one, 0 where there is none.
  uint64_t next() {
    auto item = queue.next();
    return item ? item->id() : 0;
  }

  http_queue queue;
};

} // namespace

TEST_CASE("as many requests as a host may have start at once and the others in their order") {
  queue_of_ids line(2);
  CHECK(line.enter("a"));
  CHECK(line.enter("a"));
  CHECK_FALSE(line.enter("a"));
  for (uint64_t id : {7, 8, 9})
    line.add(id, "a");
  CHECK(line.next() == 0);
  line.leave("a");
  CHECK_FALSE(line.enter("a")); // nobody overtakes those that wait
  CHECK(line.next() == 7);
  CHECK(line.next() == 0);
  line.leave("a");
  line.leave("a");
  CHECK(line.next() == 8);
  CHECK(line.next() == 9);
  line.leave("a");
  line.leave("a");
  CHECK(line.enter("a"));
}

TEST_CASE("a host that has its fill keeps nobody from another, and hosts take turns") {
  queue_of_ids line(1, 3);
  REQUIRE(line.enter("full"));
  REQUIRE(line.enter("x"));
  REQUIRE(line.enter("y"));
  line.add(1, "full");
  for (uint64_t id : {11, 12})
    line.add(id, "a");
  for (uint64_t id : {21, 22})
    line.add(id, "b");
  CHECK(line.next() == 0); // three are under way in all
  line.leave("x");
  CHECK(line.next() == 11);
  line.leave("a");
  CHECK(line.next() == 21);
  line.leave("b");
  CHECK(line.next() == 12);
  line.leave("y");
  CHECK(line.next() == 22);
  line.leave("a");
  CHECK(line.next() == 0);
  line.leave("full");
  CHECK(line.next() == 1);
}

TEST_CASE("a request leaves the line when it is taken out or has waited too long") {
  queue_of_ids line(1);
  REQUIRE(line.enter("a"));
  CHECK_FALSE(line.queue.first_deadline());
  line.add(1, "a", 3h);
  line.add(2, "a", 1h);
  line.add(3, "a", 2h);
  CHECK(line.queue.take(4) == nullptr);
  const auto now = http_queue::clock::now();
  REQUIRE(line.queue.first_deadline());
  CHECK(*line.queue.first_deadline() <= now + 1h);
  CHECK(line.queue.take_late(now).empty());
  auto late = line.queue.take_late(now + 90min);
  REQUIRE(late.size() == 1);
  CHECK(late[0]->id() == 2);
  REQUIRE(line.queue.take(1));
  CHECK(line.queue.take(1) == nullptr);
  line.leave("a");
  CHECK(line.next() == 3);
  CHECK_FALSE(line.queue.first_deadline());
  line.add(5, "a");
  CHECK(line.queue.take_all().size() == 1);
  line.leave("a");
  CHECK(line.next() == 0);
}
