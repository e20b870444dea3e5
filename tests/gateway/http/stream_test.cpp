#include "tests/gateway/http/fixture.hpp"

using namespace ib;
using namespace ib::test;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

TEST_CASE("a stream is sent in chunks as it comes, and its end is said") {
  served one;
  raw_client client(one.server->address());
  client.send(get("/stream"));
  CHECK_THAT(client.read_until("\r\n\r\n"), Contains("Transfer-Encoding: chunked\r\n"));
  for (const auto& piece : std::vector<std::string>{"one", "two\n", std::string(1000, 'x')}) {
    one.water->wait_for_sleeper();
    one.water->write(piece);
    CHECK(client.read_bytes(chunk(piece).size()) == chunk(piece));
  }
  one.water->end();
  CHECK(client.read_until("0\r\n\r\n") == "0\r\n\r\n");
  // The connection goes on.
  client.send(get("/hello"));
  CHECK_THAT(client.read_until("hello\n"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_CASE("a stream to a client of HTTP/1.0 ends with the connection") {
  served one;
  one.water->write("one");
  one.water->write("");
  one.water->write("two");
  one.water->end();
  auto answer = ask(*one.server, "GET /stream HTTP/1.0\r\n\r\n");
  CHECK_THAT(answer, Contains("Connection: close\r\n"));
  CHECK_THAT(answer, EndsWith("\r\n\r\nonetwo"));
}

TEST_CASE("HEAD of a stream is its head alone") {
  served one;
  auto answer = ask(*one.server, "HEAD /stream HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  CHECK_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_CASE("a stream that is cut does not look whole") {
  served one;
  raw_client client(one.server->address());
  client.send(get("/stream"));
  one.water->wait_for_sleeper();
  one.water->write("half");
  one.water->wait_for_sleeper();
  one.water->end(http::pulled::cut);
  CHECK_THAT(client.read_to_end(), EndsWith("\r\n\r\n" + chunk("half")));
}

TEST_CASE("a server that ends cuts its streams") {
  auto one = std::make_unique<served>();
  raw_client client(one->server->address());
  client.send(get("/stream"));
  one->water->wait_for_sleeper();
  auto water = one->water;
  one->server.reset();
  CHECK_THAT(client.read_to_end(), !EndsWith("0\r\n\r\n"));
  CHECK(water->readers == 0);
  water->write("nobody reads it");
}

TEST_CASE("a client that goes away ends its stream at once, parked or not") {
  served one;
  {
    raw_client client(one.server->address());
    client.send(get("/stream"));
    one.water->wait_for_sleeper();
  }
  one.wait_for_no_reader();
  one.water->write(std::string(1 << 20, 'x'));
  {
    raw_client client(one.server->address());
    client.send(get("/stream"));
    client.read_until("xxx");
  }
  one.wait_for_no_reader();
}

TEST_CASE("a client that does not read delays nobody and costs a piece") {
  served one;
  raw_client slow(one.server->address(), 4096);
  slow.send(get("/stream"));
  const std::string piece(65536, 'x');
  for (int i = 0; i < 200; ++i)
    one.water->write(piece);
  one.water->end();
  raw_client quick(one.server->address());
  quick.send(get("/stream", "Connection: close\r\n"));
  CHECK(quick.read_to_end().size() > 200 * piece.size());
  // The slow one misses nothing.
  slow.read_until("\r\n\r\n");
  for (int i = 0; i < 200; ++i)
    REQUIRE(slow.read_bytes(chunk(piece).size()) == chunk(piece));
  CHECK(slow.read_until("0\r\n\r\n") == "0\r\n\r\n");
}

TEST_CASE("a client that takes nothing for too long is cut") {
  http::limits hasty;
  hasty.write = std::chrono::milliseconds(100);
  served one(hasty);
  raw_client stuck(one.server->address(), 4096);
  stuck.send(get("/stream"));
  for (int i = 0; i < 200; ++i)
    one.water->write(std::string(65536, 'x'));
  one.wait_for_no_reader();
}

TEST_CASE("streams above their limit are answered that it is too many") {
  http::limits few;
  few.streams = 1;
  served one(few);
  {
    raw_client first(one.server->address());
    first.send(get("/stream"));
    one.water->wait_for_sleeper();
    auto refused = ask(*one.server, get("/stream", "Connection: close\r\n"));
    CHECK_THAT(refused, StartsWith("HTTP/1.1 503"));
    CHECK_THAT(refused, Contains("Retry-After: "));
  }
  one.wait_for_no_reader();
  one.water->end();
  CHECK_THAT(ask(*one.server, get("/stream", "Connection: close\r\n")), EndsWith("0\r\n\r\n"));
}

TEST_CASE("requests sent ahead of a stream's end are answered after it") {
  served one;
  raw_client client(one.server->address());
  client.send(get("/stream") + get("/hello", "Connection: close\r\n"));
  one.water->wait_for_sleeper();
  one.water->end();
  client.read_until("\r\n\r\n0\r\n\r\n");
  CHECK_THAT(client.read_to_end(), EndsWith("hello\n"));
}
