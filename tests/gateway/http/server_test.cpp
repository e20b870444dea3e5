#include "tests/gateway/http/fixture.hpp"

#include <dirent.h>

#include <thread>

using namespace ib;
using namespace ib::test;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

namespace {

const std::string closing = "Connection: close\r\n";

size_t open_descriptors() {
  size_t count = 0;
  auto* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr)
    ++count;
  ::closedir(folder);
  return count;
}

} // namespace

TEST_CASE("a request is answered and says what it is") {
  served one;
  auto answer = ask(*one.server, get("/hello", closing));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(answer, Contains("Content-Type: text/plain; charset=utf-8\r\n"));
  CHECK_THAT(answer, Contains("Cache-Control: no-store\r\n"));
  CHECK_THAT(answer, Contains("X-Content-Type-Options: nosniff\r\n"));
  CHECK_THAT(answer,
             EndsWith("\r\nContent-Length: 6\r\nCache-Control: no-store\r\n" + closing + "\r\nhello\n"));
}

TEST_CASE("a free port is chosen and told, on both families of addresses") {
  for (const std::string host : {"127.0.0.1", "[::1]"}) {
    served one({}, host + ":0");
    CHECK_THAT(one.server->address(), StartsWith(host + ":"));
    CHECK_THAT(one.server->address(), !EndsWith(":0"));
    CHECK(one.server->base_url() == "http://" + one.server->address());
    CHECK_THAT(ask(*one.server, get("/hello", closing)), EndsWith("hello\n"));
  }
}

TEST_CASE("an address without a host is every address of both families") {
  served one({}, ":0");
  for (const std::string host : {"127.0.0.1", "[::1]"}) {
    raw_client client(host + one.server->address());
    client.send(get("/hello", closing));
    CHECK_THAT(client.read_to_end(), EndsWith("hello\n"));
  }
  CHECK_THAT(one.server->base_url(), !Contains("//:"));
}

TEST_CASE("an address that is taken, or not of this machine, is an error that names the key") {
  served one;
  for (const std::string& address : {one.server->address(), std::string("192.0.2.1:0")}) {
    auto second = http::server::listen({address, {}}, "server.services.http");
    REQUIRE_FALSE(second);
    CHECK(second.error().field == "server.services.http.address");
    CHECK_THAT(second.error().message, Contains(address));
  }
}

TEST_CASE("one connection serves one request after the other, also those sent ahead") {
  served one;
  raw_client client(one.server->address());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/hello"));
    CHECK_THAT(client.read_until("hello\n"), Contains("Connection: keep-alive"));
  }
  client.send(get("/hello") + get("/nowhere") +
              "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc" + get("/hello", closing));
  CHECK_THAT(client.read_until("hello\n"), Contains("200 OK"));
  CHECK_THAT(client.read_until("path\n"), Contains("404 Not Found"));
  CHECK_THAT(client.read_until("abc"), Contains("200 OK"));
  CHECK_THAT(client.read_to_end(), EndsWith("hello\n"));
}

TEST_CASE("a request may come byte by byte, and its body in chunks") {
  served one;
  raw_client client(one.server->address());
  for (char c : "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    if (c != '\0') client.send(std::string_view(&c, 1));
  CHECK_THAT(client.read_to_end(), EndsWith("\r\n\r\nabcdefg"));
}

TEST_CASE("a client of HTTP/1.0 gets its answer and the end of the connection") {
  served one;
  auto answer = ask(*one.server, "GET /hello HTTP/1.0\r\n\r\n");
  CHECK_THAT(answer, Contains(closing));
  CHECK_THAT(answer, EndsWith("hello\n"));
}

TEST_CASE("HEAD answers with the head alone") {
  served one;
  auto answer = ask(*one.server, "HEAD /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  CHECK_THAT(answer, Contains("Content-Length: 6\r\n"));
  CHECK_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_CASE("bad input is answered with what is wrong, and the connection ends") {
  served one;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"hello\r\n\r\n", "400 Bad Request"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), "400 Bad Request"},
      {"GET /hello HTTP/9.9\r\nHost: t\r\n\r\n", "400 Bad Request"},
      {"GET /hello HTTP/1.1\r\n\r\n", "400 Bad Request"},
      {"GET hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "400 Bad Request"},
      {"GET /%zz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "400 Bad Request"},
      {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", "400 Bad Request"},
      {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\n", "413 Content Too Large"},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n", "431 Request Header Fields"},
      {"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + std::string(200'000, 'a'), "431 Request Header Fields"},
      {"DELETE /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "405 Method Not Allowed"},
  };
  for (const auto& [request, status] : cases) {
    CAPTURE(request.substr(0, 80));
    CHECK_THAT(ask(*one.server, request), StartsWith("HTTP/1.1 " + status));
  }
  CHECK_THAT(ask(*one.server, get("/hello", closing)), EndsWith("hello\n"));
}

TEST_CASE("a handler may answer later, from any thread") {
  served one;
  raw_client client(one.server->address());
  client.send(get("/later", closing));
  client.finish_sending();
  auto to = one.later.get_future().get();
  std::thread([&] {
    to->answer(http::json_answer("{}"));
    to->answer(http::plain(500, "a second answer is ignored"));
  }).join();
  CHECK_THAT(client.read_to_end(), EndsWith("\r\n\r\n{}"));
}

TEST_CASE("a reply that is lost, and a handler that throws, are answered all the same") {
  served one;
  for (const std::string path : {"/lost", "/throws"})
    CHECK_THAT(ask(*one.server, get(path, closing)), StartsWith("HTTP/1.1 503"));
}

TEST_CASE("a reply outlives its client and its server") {
  http::reply_ptr to;
  {
    served one;
    {
      raw_client client(one.server->address());
      client.send(get("/later"));
      to = one.later.get_future().get();
    }
    CHECK_THAT(ask(*one.server, get("/hello", closing)), EndsWith("hello\n"));
  }
  to->answer(http::plain(200, "nobody hears it"));
}

TEST_CASE("who takes too long for a request is let go") {
  http::limits hasty;
  hasty.request = hasty.idle = std::chrono::milliseconds(50);
  served one(hasty);
  CHECK(raw_client(one.server->address()).read_to_end().empty());
  CHECK(ask(*one.server, "GET /hel").empty());
  CHECK_THAT(ask(*one.server, get("/hello")), EndsWith("hello\n"));
}

TEST_CASE("an answer that never comes is refused in time") {
  http::limits hasty;
  hasty.answer = std::chrono::milliseconds(50);
  served one(hasty);
  CHECK_THAT(ask(*one.server, get("/later")), StartsWith("HTTP/1.1 503"));
}

TEST_CASE("connections above the limit are refused and leave the others alone") {
  http::limits few;
  few.connections = 2;
  served one(few);
  raw_client first(one.server->address());
  raw_client second(one.server->address());
  for (auto* client : {&first, &second}) {
    client->send(get("/hello"));
    client->read_until("hello\n");
  }
  for (int i = 0; i < 5; ++i)
    CHECK_THAT(raw_client(one.server->address()).read_to_end(), StartsWith("HTTP/1.1 503"));
  first.send(get("/hello", closing));
  CHECK_THAT(first.read_to_end(), EndsWith("hello\n"));
}

TEST_CASE("no descriptor stays open behind a server and its clients") {
  // The first server may load what stays for the process.
  { served warm_up; }
  auto before = open_descriptors();
  {
    served one;
    for (int i = 0; i < 50; ++i)
      ask(*one.server, get(i % 2 == 0 ? "/hello" : "/nowhere", closing));
    raw_client idle(one.server->address());
    idle.send(get("/stream"));
    one.water->wait_for_sleeper();
  }
  CHECK(open_descriptors() == before);
}
