#include "actors/build_channel.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace ib;

namespace {

channel_ptr make_channel() { return std::make_shared<build_channel>(build_identity{}, 0); }

/// Reads status updates as a stream does: takes all, parks, looks again, waits.
class reading_waiter final : public channel_waiter, public std::enable_shared_from_this<reading_waiter> {
public:
  explicit reading_waiter(build_channel& channel) : channel_(channel), cursor_(channel.from_start()) {}

  void wake() override {
    turns_.fetch_add(1);
    turns_.notify_one();
  }

  /// The number of updates read, up to and with the terminal one.
  size_t read_to_the_end() {
    size_t count = 0;
    for (;;) {
      auto before = turns_.load();
      bool ended = false;
      while (auto* update = cursor_.next()) {
        ++count;
        ended = update->status != build_status::running;
      }
      if (ended) return count;
      channel_.park(shared_from_this());
      auto ahead = cursor_;
      if (ahead.next() == nullptr) turns_.wait(before);
    }
  }

private:
  build_channel& channel_;
  build_channel::status_cursor cursor_;
  std::atomic<int> turns_{0};
};

} // namespace

TEST_CASE("a cursor replays every update and then follows", "[channel]") {
  auto channel = make_channel();
  CHECK(channel->latest() == nullptr);
  auto early = channel->from_start();
  CHECK(early.next() == nullptr);
  channel->publish({build_status::running, "one"});
  channel->publish({build_status::running, "two"});
  CHECK(early.next()->message == "one");
  auto copy = early;
  CHECK(early.next()->message == "two");
  CHECK(early.next() == nullptr);
  CHECK(copy.next()->message == "two");
  channel->publish({build_status::success, "three"});
  CHECK(early.next()->message == "three");
  auto late = channel->from_start();
  CHECK(late.next()->message == "one");
  CHECK(channel->latest()->message == "three");
}

TEST_CASE("nothing follows a terminal update", "[channel]") {
  auto status = GENERATE(build_status::success, build_status::failure);
  auto channel = make_channel();
  CHECK_FALSE(channel->ended());
  channel->publish({status, "the end"});
  CHECK(channel->ended());
  channel->publish({build_status::running, "after"});
  channel->publish({build_status::failure, "after"});
  CHECK(channel->latest()->message == "the end");
  auto cursor = channel->from_start();
  cursor.next();
  CHECK(cursor.next() == nullptr);
}

TEST_CASE("waking empties the list: each parked waiter is woken once", "[channel]") {
  struct counter final : channel_waiter {
    void wake() override { ++count; }
    int count = 0;
  };
  auto channel = make_channel();
  auto one = std::make_shared<counter>();
  auto two = std::make_shared<counter>();
  channel->park(one);
  channel->park(two);
  channel->park(two);
  CHECK(channel->parked() == 3);
  CHECK(channel->wake_all() == 3);
  CHECK(channel->wake_all() == 0);
  CHECK(one->count == 1);
  CHECK(two->count == 2);
  CHECK(channel->parked() == 0);
}

TEST_CASE("a waiter may park again while it is woken", "[channel]") {
  struct again final : channel_waiter, std::enable_shared_from_this<again> {
    again(build_channel& to, int more) : channel(to), left(more) {}
    void wake() override {
      if (left-- > 0) channel.park(weak_from_this());
    }
    build_channel& channel;
    int left;
  };
  auto channel = make_channel();
  auto waiter = std::make_shared<again>(*channel, 2);
  channel->park(waiter);
  CHECK(channel->wake_all() == 1);
  CHECK(channel->parked() == 1);
  CHECK(channel->wake_all() == 1);
  CHECK(channel->wake_all() == 1);
  CHECK(channel->wake_all() == 0);
}

TEST_CASE("a channel does not keep its waiters, and passes over those that are gone", "[channel]") {
  struct counter final : channel_waiter {
    explicit counter(int& to) : count(to) {}
    void wake() override { ++count; }
    int& count;
  };
  int count = 0;
  auto channel = make_channel();
  auto gone = std::make_shared<counter>(count);
  auto stays = std::make_shared<counter>(count);
  channel->park(gone);
  channel->park(stays);
  CHECK(stays.use_count() == 1);
  gone.reset();
  CHECK(channel->wake_all() == 2);
  CHECK(count == 1);
}

TEST_CASE("no reader sleeps through an update, whenever it parks", "[channel]") {
  constexpr int rounds = 300;
  constexpr size_t updates = 20;
  constexpr size_t readers = 3;
  for (int round = 0; round < rounds; ++round) {
    auto channel = make_channel();
    std::vector<size_t> read(readers);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < readers; ++i)
      threads.emplace_back(
          [&, i] { read[i] = std::make_shared<reading_waiter>(*channel)->read_to_the_end(); });
    for (size_t i = 1; i <= updates; ++i) {
      channel->publish({i == updates ? build_status::success : build_status::running, std::to_string(i)});
      channel->wake_all();
    }
    for (auto& thread : threads)
      thread.join();
    REQUIRE(read == std::vector<size_t>(readers, updates));
  }
}

TEST_CASE("ends and places of logs are changes, steps and what the journal replays are none", "[channel]") {
  auto channel = make_channel();
  const auto before = build_channel::changes();
  channel->publish({build_status::running, "starting"});
  CHECK(build_channel::changes() == before);
  channel->publish_access(std::make_shared<const log_access>());
  CHECK(build_channel::changes() == before + 1);
  channel->publish({build_status::success, ""});
  channel->publish({build_status::failure, "too late"});
  CHECK(build_channel::changes() == before + 2);
  auto old = make_channel();
  old->replay({build_status::running, "starting"});
  old->replay({build_status::success, ""});
  CHECK(old->ended());
  CHECK(build_channel::changes() == before + 2);
}
