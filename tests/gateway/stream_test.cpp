#include "tests/gateway/stream_fixture.hpp"

using namespace ib;
using namespace ib::test;

TEST_CASE("a log is replayed from its first byte and ends with the build", "[stream]") {
  served place;
  place.append("one\ntwo\n");
  place.close();
  log_call call(place);
  CHECK(call.rest() == "one\ntwo\n");
  CHECK(call.finish().ok());
}

TEST_CASE("an empty log ends with the build, too", "[stream]") {
  served place;
  log_call call(place);
  place.wait_until_parked();
  place.close();
  CHECK(call.rest().empty());
  CHECK(call.finish().ok());
}

TEST_CASE("a late listener replays and then follows without a gap", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place);
  CHECK(call.read(4) == "one\n");
  place.wait_until_parked();
  place.append("two\n");
  CHECK(call.read(4) == "two\n");
  place.append("three\n");
  place.close();
  CHECK(call.rest() == "three\n");
  CHECK(call.finish().ok());
}

TEST_CASE("no listener misses a byte while the log grows in another thread", "[stream]") {
  constexpr size_t lines = 3'000;
  constexpr size_t listeners = 4;
  served place;
  std::string expected;
  for (size_t i = 0; i < lines; ++i)
    expected += line(i);
  std::vector<std::string> read(listeners);
  std::vector<grpc::Status> ends(listeners);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < listeners; ++i)
    threads.emplace_back([&, i] {
      log_call call(place);
      read[i] = call.rest();
      ends[i] = call.finish();
    });
  for (size_t i = 0; i < lines; ++i) {
    place.append(line(i));
    if (i % 100 == 0) place.wait_until_parked();
  }
  place.close();
  for (auto& thread : threads)
    thread.join();
  for (size_t i = 0; i < listeners; ++i) {
    CHECK(ends[i].ok());
    CHECK((read[i] == expected));
  }
}

TEST_CASE("a listener that goes away while it waits frees its stream", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place);
  CHECK(call.read(4) == "one\n");
  place.wait_until_parked();
  call.context.TryCancel();
  CHECK(call.rest().empty());
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
  // The fixture sees to it that the stream is gone.
}

TEST_CASE("a listener that goes away amid a long log frees its stream", "[stream]") {
  served place;
  place.channel->log().append(std::string(32 << 20, 'x'));
  log_call call(place);
  CHECK_FALSE(call.next().empty());
  call.context.TryCancel();
  call.rest();
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
}

TEST_CASE("a listener that goes away before its stream begins is no harm", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place, "held");
  auto ticket = place.service.held();
  call.context.TryCancel();
  CHECK(call.rest().empty());
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
  ticket->take()->stream(place.channel);
}

TEST_CASE("a slow listener delays neither the log nor another listener, and misses nothing", "[stream]") {
  served place;
  log_call slow(place);
  place.append("first\n");
  CHECK(slow.read(6) == "first\n");
  std::string big(16 << 20, 'x');
  for (size_t i = 0; i < big.size(); i += 1000)
    big[i] = static_cast<char>('a' + i % 26);
  for (size_t at = 0; at < big.size(); at += 1 << 20)
    place.append(std::string_view(big).substr(at, 1 << 20));
  place.close();
  log_call quick(place);
  CHECK((quick.rest() == "first\n" + big));
  CHECK(quick.finish().ok());
  CHECK((slow.rest() == big));
  CHECK(slow.finish().ok());
}

TEST_CASE("a stopping service ends streams after their last byte", "[stream]") {
  served place;
  place.append("one\n");
  log_call waiting(place);
  CHECK(waiting.read(4) == "one\n");
  build_call build(place);
  build.next();
  place.wait_until_parked(2);
  place.append("two\n");
  place.drain();
  CHECK(waiting.rest() == "two\n");
  CHECK(waiting.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(build.at_end());
  CHECK(build.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  log_call late(place);
  CHECK(late.rest() == "one\ntwo\n");
  CHECK(late.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a log that is whole ends well although the service stops", "[stream]") {
  served place;
  place.append("one\n");
  place.close();
  place.drain();
  log_call call(place);
  CHECK(call.rest() == "one\n");
  CHECK(call.finish().ok());
}

TEST_CASE("a call that is lost inside the service ends with UNAVAILABLE", "[stream]") {
  served place;
  log_call log(place, "lost");
  CHECK(log.rest().empty());
  CHECK(log.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  build_call build(place, "lost");
  CHECK(build.at_end());
  CHECK(build.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a ticket gives its stream once", "[stream]") {
  served place;
  place.close();
  log_call call(place, "held");
  auto ticket = place.service.held();
  auto stream = ticket->take();
  CHECK(ticket->take() == nullptr);
  stream->stream(place.channel);
  CHECK(call.rest().empty());
  CHECK(call.finish().ok());
}

TEST_CASE("a log that is not in memory is never told with a hole", "[stream]") {
  served place;
  place.append(line(1));
  REQUIRE(place.channel->log().let_go());
  place.append(line(2));
  log_call call(place);
  CHECK(call.rest().empty());
  CHECK(call.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a refused call ends with its reason", "[stream]") {
  served place;
  log_call call(place, "refused");
  CHECK(call.rest().empty());
  auto status = call.finish();
  CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(status.error_message() == "no such build");
}

TEST_CASE("a dropped beginning is told with its size, and the rest is whole", "[stream]") {
  auto censored = GENERATE(false, true);
  served place(4096);
  std::string all;
  for (size_t i = 0; i < 20'000; ++i)
    all += line(i);
  place.append(all);
  place.close();
  auto dropped = place.channel->log().begin_offset();
  REQUIRE(dropped > 0);
  log_call call(place, "", censored);
  CHECK(call.next() == "[image-builder: the first " + std::to_string(dropped) +
                           " bytes of this log are not kept any more]\n");
  CHECK((call.rest() == all.substr(dropped)));
  CHECK(call.finish().ok());
}

TEST_CASE("a censored log hides a name that straddles two reads, and shows the rest at once", "[stream]") {
  served place;
  log_call censored(place, "", true);
  log_call plain(place);
  place.append("pushing registry.exa");
  CHECK(censored.read(8) == "pushing ");
  place.append("mple/ws:1 now\nregistry.example/");
  CHECK(plain.read(51).size() == 51);
  place.append("other registry.exam");
  place.close();
  CHECK(censored.rest() == "[censored] now\nregistry.example/other registry.exam");
  CHECK(censored.finish().ok());
  CHECK(plain.rest() == "other registry.exam");
}

TEST_CASE("a censored log hides a name at the border of its blocks", "[stream]") {
  served place;
  const std::string name = "registry.example/ws:1";
  std::string all(log_buffer::smallest_block_bytes - name.size() / 2, 'x');
  // The first piece fills its block.
  place.append(all + name.substr(0, name.size() / 2));
  place.append(name.substr(name.size() / 2) + "end");
  place.close();
  log_call call(place, "", true);
  CHECK(call.rest() == all + "[censored]end");
}
