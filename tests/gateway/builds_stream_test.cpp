#include "tests/gateway/builds_fixture.hpp"

#include <atomic>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace {

/// Of some hundred KiB, so that a log of them is no single block.
std::string many_lines() {
  std::string all;
  for (int i = 0; i < 30'000; ++i)
    all += "line " + std::to_string(i) + "\n";
  return all;
}

/// One WatchBuild call.
struct watch_call {
  watch_call(builds_house& house, const std::string& id) {
    v1::WatchBuildRequest request;
    request.set_build_id(id);
    reader = house.stub->WatchBuild(&call.inner, request);
  }
  /// The next step's message, "-" at the end.
  std::string next() {
    v1::WatchBuildResponse response;
    return reader->Read(&response) ? response.step().message() : "-";
  }
  grpc::StatusCode end() { return reader->Finish().error_code(); }

  builds_house::context call;
  std::unique_ptr<grpc::ClientReader<v1::WatchBuildResponse>> reader;
};

/// One ReadLog call.
struct read_call {
  read_call(builds_house& house, const std::string& id, int64_t offset = 0, bool follow = false,
            bool censored = false) {
    v1::ReadLogRequest request;
    request.set_build_id(id);
    request.set_offset(offset);
    request.set_follow(follow);
    request.set_censored(censored);
    reader = house.stub->ReadLog(&call.inner, request);
  }
  bool next() { return reader->Read(&piece); }
  /// What is left, and checks that the pieces join.
  std::string rest() {
    std::string text;
    for (auto at = -1L; next(); at = piece.next_offset()) {
      if (at >= 0) CHECK(piece.offset() == at);
      text += piece.content();
    }
    return text;
  }
  grpc::Status end() { return reader->Finish(); }

  builds_house::context call;
  std::unique_ptr<grpc::ClientReader<v1::ReadLogResponse>> reader;
  v1::ReadLogResponse piece;
};

status_update notice(const std::string& message) {
  status_update update{build_status::running, message};
  update.state = build_state::building;
  return update;
}

} // namespace

TEST_CASE("a watch replays the steps, follows and ends with the build", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.advance(record, step(build_state::preparing, 1, 2000, "starting"));
  watch_call early(house, "b1");
  CHECK(early.next() == "starting");
  builds_house::wait_until_parked(record);
  house.advance(record, step(build_state::building, 1, 3000, "building"));
  CHECK(early.next() == "building");
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  CHECK(early.next().empty());
  CHECK(early.next() == "-");
  CHECK(early.end() == grpc::StatusCode::OK);
  house.show({});
  watch_call late(house, "b1");
  CHECK(late.next() == "starting");
  CHECK(late.next() == "building");
  CHECK(late.next().empty());
  CHECK(late.next() == "-");
  CHECK(late.end() == grpc::StatusCode::OK);
}

TEST_CASE("what is said between two steps is told while it is the newest", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  record.channel->publish(notice("old"));
  house.advance(record, step(build_state::building, 1, 3000, "building"));
  record.channel->publish(notice("silent"));
  record.channel->publish(notice("still silent"));
  watch_call watch(house, "b1");
  CHECK(watch.next() == "building");
  CHECK(watch.next() == "still silent");
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  CHECK(watch.next().empty());
}

TEST_CASE("watches and readers of a stopping service end with UNAVAILABLE after what there is", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.append(record, "one\n");
  watch_call watch(house, "b1");
  read_call read(house, "b1", 0, true);
  read_call short_read(house, "b1");
  CHECK(short_read.rest() == "one\n");
  CHECK(short_read.end().ok());
  builds_house::wait_until_parked(record, 2);
  house.append(record, "two\n");
  house.drain();
  CHECK(watch.next() == "-");
  CHECK(watch.end() == grpc::StatusCode::UNAVAILABLE);
  CHECK(read.rest() == "one\ntwo\n");
  CHECK(read.end().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a log is read from any offset, with and without following", "[builds]") {
  auto follow = GENERATE(false, true);
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  const auto all = many_lines();
  house.append(record, all);
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  house.show({});
  for (size_t offset : {size_t{0}, size_t{1}, size_t{1023}, size_t{1024}, size_t{70'000}, all.size()}) {
    read_call call(house, "b1", static_cast<int64_t>(offset), follow);
    if (call.next()) {
      CHECK(call.piece.offset() == static_cast<int64_t>(offset));
      CHECK(call.piece.skipped_bytes() == 0);
      auto text = call.piece.content();
      text += call.rest();
      CHECK((text == all.substr(offset)));
      CHECK(call.piece.next_offset() == static_cast<int64_t>(all.size()));
    } else {
      CHECK(offset == all.size());
    }
    CHECK(call.end().ok());
  }
  read_call beyond(house, "b1", static_cast<int64_t>(all.size()) + 1, follow);
  CHECK_FALSE(beyond.next());
  auto end = beyond.end();
  CHECK(end.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  CHECK(end.error_message() == "offset: " + std::to_string(all.size() + 1) +
                                   " is beyond the end of the log, " + std::to_string(all.size()));
}

TEST_CASE("a reader that follows goes on as the log grows, one that does not ends", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.append(record, "one\n");
  read_call follows(house, "b1", 0, true);
  REQUIRE(follows.next());
  CHECK(follows.piece.content() == "one\n");
  read_call ends(house, "b1");
  CHECK(ends.rest() == "one\n");
  CHECK(ends.end().ok());
  house.append(record, "two\n");
  REQUIRE(follows.next());
  CHECK(follows.piece.offset() == 4);
  CHECK(follows.piece.content() == "two\n");
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  CHECK_FALSE(follows.next());
  CHECK(follows.end().ok());
}

TEST_CASE("a dropped beginning is said with the first piece", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  auto short_of_beginning = record;
  short_of_beginning.channel = std::make_shared<build_channel>(record.channel->identity(), 0, 100);
  short_of_beginning.channel->log().append("one\n");
  house.show({short_of_beginning});
  for (bool censored : {false, true}) {
    read_call call(house, "b1", 40, false, censored);
    REQUIRE(call.next());
    CHECK(call.piece.skipped_bytes() == 60);
    CHECK(call.piece.offset() == 100);
    CHECK(call.piece.next_offset() == 104);
    CHECK(call.piece.content() == "one\n");
    CHECK_FALSE(call.next());
  }
  auto nothing_left = record;
  nothing_left.channel = std::make_shared<build_channel>(record.channel->identity(), 0, 100);
  house.show({nothing_left});
  read_call call(house, "b1");
  REQUIRE(call.next());
  CHECK(call.piece.skipped_bytes() == 100);
  CHECK(call.piece.next_offset() == 100);
  CHECK(call.piece.content().empty());
  CHECK_FALSE(call.next());
  CHECK(call.end().ok());
}

TEST_CASE("a censored log goes on from each of its offsets as if it had never been left", "[builds]") {
  builds_house house;
  const std::string ref = "registry.example/ws:1";
  auto record = house.add("b1", ref);
  house.show({record});
  std::string all;
  for (int i = 0; i < 4'000; ++i)
    all += "pushing " + ref + " and registry.example/wor" + (i % 7 == 0 ? "k" : "") + "\n";
  house.append(record, all);
  std::string seen;
  int64_t offset = 0;
  // Cut in the middle of a name: what may begin one is not told yet.
  house.append(record, "last registry.exam");
  while (offset < static_cast<int64_t>(all.size())) {
    read_call call(house, "b1", offset, false, true);
    REQUIRE(call.next());
    CHECK(call.piece.offset() == offset);
    seen += call.piece.content();
    offset = call.piece.next_offset();
    call.call.inner.TryCancel();
  }
  CHECK(offset == static_cast<int64_t>(all.size() + 5));
  house.append(record, "ple/ws:1 done\n");
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  read_call rest(house, "b1", offset, true, true);
  seen += rest.rest();
  CHECK(seen.find(ref) == std::string::npos);
  CHECK(seen.ends_with("last [censored] done\n"));
  read_call whole(house, "b1", 0, true, true);
  CHECK((whole.rest() == seen));
}

TEST_CASE("a log that nobody reads is brought back for who comes, and is followed then", "[builds]") {
  auto censored = GENERATE(false, true);
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  const auto all = many_lines();
  const auto& log = record.channel->log();
  house.append(record, all);
  REQUIRE(log.memory_begin() == all.size());
  read_call follows(house, "b1", 0, true, censored);
  read_call middle(house, "b1", 100'000, false, censored);
  CHECK((middle.rest() == all.substr(100'000)));
  CHECK(middle.end().ok());
  builds_house::wait_until_parked(record);
  CHECK(log.memory_begin() == 0);
  house.append(record, "more\n");
  house.advance(record, step(build_state::succeeded, 1, 4000, ""));
  CHECK((follows.rest() == all + "more\n"));
  CHECK(follows.end().ok());
}

TEST_CASE("what is in memory of a log is read without the rest", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.append(record, std::string(10'000, 'x'));
  house.append(record, "one\n");
  house.store->refuses_read_log = [] { return true; };
  for (auto offset : {10'000, 10'001, 10'004}) {
    read_call call(house, "b1", offset);
    CHECK(call.rest() == std::string("one\n").substr(static_cast<size_t>(offset - 10'000)));
    CHECK(call.end().ok());
  }
  CHECK(record.channel->log().memory_begin() == 10'000);
  read_call beyond(house, "b1", 10'005);
  CHECK_FALSE(beyond.next());
  CHECK(beyond.end().error_code() == grpc::StatusCode::OUT_OF_RANGE);
}

TEST_CASE("a log that cannot be brought back is unavailable, with the reason", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.append(record, std::string(10'000, 'x'));
  house.store->refuses_read_log = [] { return true; };
  house.store->refusal = {error_code::unavailable, "the disk is away", "", {}};
  read_call call(house, "b1");
  CHECK_FALSE(call.next());
  auto end = call.end();
  CHECK(end.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(end.error_message() == "the disk is away");
  house.store->refuses_read_log = [] { return false; };
  read_call again(house, "b1");
  CHECK(again.rest() == std::string(10'000, 'x'));
}

TEST_CASE("readers that come and go while a build prints get every byte", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  std::atomic<bool> done{false};
  std::string all;
  std::string seen;
  bool all_join = true;
  std::thread reader([&] {
    for (bool last = false; !last;) {
      last = done;
      read_call call(house, "b1", static_cast<int64_t>(seen.size()));
      while (call.next()) {
        all_join = all_join && call.piece.offset() == static_cast<int64_t>(seen.size());
        seen += call.piece.content();
      }
      all_join = all_join && call.end().ok();
    }
  });
  for (int i = 0; i < 400; ++i) {
    auto piece = std::string(static_cast<size_t>(1 + i * 37 % 6'000), static_cast<char>('a' + i % 26)) + "\n";
    house.append(record, piece);
    all += piece;
  }
  done = true;
  reader.join();
  CHECK(all_join);
  CHECK((seen == all));
}

TEST_CASE("streams of unknown builds are not found", "[builds]") {
  builds_house house;
  watch_call watch(house, "nobody");
  CHECK(watch.next() == "-");
  CHECK(watch.end() == grpc::StatusCode::NOT_FOUND);
  read_call read(house, "nobody");
  CHECK_FALSE(read.next());
  CHECK(read.end().error_code() == grpc::StatusCode::NOT_FOUND);
}
