#include "actors/io/http_client.hpp"

#include "tests/support/http_calls.hpp"
#include "tests/support/scripted_server.hpp"

#include <atomic>
#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using test::scripted_server;
using test::send_and_wait;

namespace {

http_request get(const std::string& url) {
  http_request request;
  request.url = url;
  return request;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a response comes with status, headers and body") {
  scripted_server server([](const std::string&) {
    return scripted_server::response("418 Teapot", "X-One: 1\r\nx-ONE:  2 \r\n", "short and stout");
  });
  http_client client;
  auto response = send_and_wait(client, get("http://" + server.domain() + "/pot"));
  REQUIRE(response);
  CHECK(response->status == 418);
  CHECK(response->body == "short and stout");
  CHECK(response->headers.first("X-ONE") == "1");
  CHECK(response->headers.all("x-one") == std::vector<std::string>{"1", "2"});
}

TEST_CASE("method, headers and body reach the server as they were given") {
  scripted_server server([](const std::string&) { return scripted_server::response("200 OK", "", ""); });
  http_client client;
  auto request = get("http://" + server.domain() + "/x?y=z");
  request.method = GENERATE(http_method::post, http_method::put);
  request.headers.set("X-Test", "a\r\nInjected: b");
  request.body = std::string("with\0zero", 9);
  REQUIRE(send_and_wait(client, request));
  auto seen = server.requests().at(0);
  CHECK(contains(seen, request.method == http_method::put ? "PUT /x?y=z HTTP/1.1\r\n"
                                                          : "POST /x?y=z HTTP/1.1\r\n"));
  CHECK(contains(seen, "\r\nX-Test: aInjected: b\r\n"));
  CHECK_FALSE(contains(seen, "Expect"));
  CHECK(seen.ends_with("\r\n\r\n" + request.body));
}

TEST_CASE("a head request does not wait for the body its header announces") {
  scripted_server server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n");
  });
  http_client client;
  auto request = get("http://" + server.domain());
  request.method = http_method::head;
  auto response = send_and_wait(client, request);
  REQUIRE(response);
  CHECK(response->headers.first("content-length") == "1000");
  CHECK(response->body.empty());
}

TEST_CASE("a body that never ends is given up at the limit") {
  scripted_server server([](const std::string&) { return scripted_server::endless(); });
  http_client client;
  auto request = get("http://" + server.domain());
  request.max_body_bytes = 1'000'000;
  auto response = send_and_wait(client, request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == error_code::data_corrupt);
  CHECK(contains(response.error().message, "body larger than 1000000"));
  CHECK(contains(response.error().message, server.domain()));
}

TEST_CASE("what is no HTTP and what ends early are errors of their own kind") {
  http_client client;
  scripted_server silent([](const std::string&) { return std::string(); });
  auto closed = send_and_wait(client, get("http://" + silent.domain()));
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code == error_code::unavailable);

  scripted_server cut([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf");
  });
  auto half = send_and_wait(client, get("http://" + cut.domain()));
  REQUIRE_FALSE(half);
  CHECK(half.error().code == error_code::unavailable);

  scripted_server other([](const std::string&) { return std::string("SSH-2.0-server\r\n\r\n"); });
  auto garbage = send_and_wait(client, get("http://" + other.domain()));
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().code == error_code::data_corrupt);
}

TEST_CASE("only http and https URLs are asked") {
  http_client client;
  auto url = GENERATE(as<std::string>{}, "", "file:///etc/passwd", "ftp://127.0.0.1/", "not a url", "http://",
                      "/relative");
  CAPTURE(url);
  auto response = send_and_wait(client, get(url));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == error_code::invalid_argument);
}

TEST_CASE("a server that answers nothing runs into the total timeout") {
  scripted_server server([](const std::string&) { return scripted_server::hang(); });
  http_client client;
  auto request = get("http://" + server.domain());
  request.total_timeout = std::chrono::milliseconds(300);
  auto response = send_and_wait(client, request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == error_code::deadline_exceeded);
  CHECK(contains(response.error().message, server.domain()));
}

TEST_CASE("a redirect is followed and credentials stay with their host") {
  scripted_server target([](const std::string&) { return scripted_server::response("200 OK", "", "there"); });
  scripted_server origin([&](const std::string& request) {
    if (contains(request, "GET /same "))
      return scripted_server::response("302 Found", "Location: next\r\n", "");
    return scripted_server::response("307 Temporary Redirect",
                                     "Location: http://" + target.domain() + "/there\r\n", "");
  });
  http_client client;
  auto request = get("http://" + origin.domain() + "/same");
  request.headers.set("authorization", "Basic c2VjcmV0");
  auto response = send_and_wait(client, request);
  REQUIRE(response);
  CHECK(response->body == "there");
  CHECK(response->url == "http://" + target.domain() + "/there");
  REQUIRE(origin.requests().size() == 2);
  CHECK(contains(origin.requests()[1], "GET /next "));
  CHECK(contains(origin.requests()[1], "Basic c2VjcmV0"));
  REQUIRE(target.requests().size() == 1);
  CHECK_FALSE(contains(target.requests()[0], "uthorization"));
}

TEST_CASE("redirects that do not end are given up") {
  scripted_server server(
      [](const std::string&) { return scripted_server::response("302 Found", "Location: /again\r\n", ""); });
  http_client client;
  auto response = send_and_wait(client, get("http://" + server.domain()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == error_code::unavailable);
  CHECK(contains(response.error().message, "more than 5 redirects"));
  CHECK(server.requests().size() == 6);
}

TEST_CASE("a redirect to another scheme or of a write to another host is refused") {
  scripted_server server([](const std::string& request) {
    auto target = contains(request, "POST") ? "http://127.0.0.1:1/x" : "file:///etc/passwd";
    return scripted_server::response("307 Temporary Redirect", std::string("Location: ") + target + "\r\n",
                                     "");
  });
  http_client client;
  auto reading = send_and_wait(client, get("http://" + server.domain()));
  REQUIRE_FALSE(reading);
  CHECK(reading.error().code == error_code::data_corrupt);
  auto request = get("http://" + server.domain());
  request.method = http_method::post;
  request.body = "secret";
  auto writing = send_and_wait(client, request);
  REQUIRE_FALSE(writing);
  CHECK(contains(writing.error().message, "refused"));
}

TEST_CASE("destruction cancels what is in flight and calls each callback once") {
  scripted_server server([](const std::string&) { return scripted_server::hang(); });
  std::atomic<int> cancelled = 0;
  std::atomic<int> others = 0;
  auto count = [&](const auto& outcome) {
    ++(!outcome && outcome.error().code == error_code::cancelled ? cancelled : others);
  };
  {
    http_client client;
    for (int i = 0; i < 30; ++i)
      client.send(get("http://" + server.domain()), count);
    client.after(std::chrono::hours(1), count);
    // A callback that starts again during the end is answered too.
    client.after(std::chrono::hours(1), [&](result<void> outcome) {
      count(outcome);
      client.send(get("http://" + server.domain()), count);
    });
  }
  CHECK(cancelled == 33);
  CHECK(others == 0);
}

TEST_CASE("a client may be destroyed by its own callback") {
  scripted_server server([](const std::string&) { return scripted_server::response("200 OK", "", ""); });
  auto client = std::make_shared<std::unique_ptr<http_client>>(std::make_unique<http_client>());
  auto destroyed = std::make_shared<std::promise<void>>();
  auto future = destroyed->get_future();
  (*client)->send(get("http://" + server.domain()), [client, destroyed](const result<http_response>&) {
    client->reset();
    destroyed->set_value();
  });
  CHECK(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
}

TEST_CASE("many requests at once are all answered over few connections") {
  scripted_server server([](const std::string& request) {
    auto begin = request.find(' ') + 1;
    return scripted_server::response("200 OK", "", request.substr(begin, request.find(' ', begin) - begin));
  });
  http_client client;
  std::vector<std::future<result<http_response>>> answers;
  for (int i = 0; i < 200; ++i) {
    auto promise = std::make_shared<std::promise<result<http_response>>>();
    answers.push_back(promise->get_future());
    client.send(get("http://" + server.domain() + "/" + std::to_string(i)),
                [promise](result<http_response> response) { promise->set_value(std::move(response)); });
  }
  for (int i = 0; i < 200; ++i) {
    auto response = answers[i].get();
    REQUIRE(response);
    CHECK(response->body == "/" + std::to_string(i));
  }
}

namespace {

/// A server that answers nothing, with one request of a client on its way to it: all others have to wait.
class occupied_client {
public:
  occupied_client() {
    auto held = url("/held");
    held.stop = gone_.get_token();
    client.send(std::move(held),
                [this](result<http_response> outcome) { ended_.set_value(std::move(outcome)); });
    arrived_.get_future().wait();
  }
  ~occupied_client() { client.stop(); }

  http_request url(const std::string& path) const { return get("http://" + server_.domain() + path); }
  std::vector<std::string> requests() { return server_.requests(); }
  /// Whoever waits for the request under way goes away; how that one ends.
  result<http_response> abandon() {
    gone_.request_stop();
    return ended_.get_future().get();
  }

private:
  std::promise<void> arrived_;
  std::stop_source gone_;
  std::promise<result<http_response>> ended_;
  scripted_server server_{[this](const std::string& head) {
    if (!contains(head, "/held")) return scripted_server::response("200 OK", "", "fine");
    arrived_.set_value();
    return scripted_server::hang();
  }};

public:
  http_client client{{1, 512, 64}};
};

} // namespace

TEST_CASE("a request beyond the limit of its host waits, and starts when another is over") {
  occupied_client occupied;
  auto answer =
      std::async(std::launch::async, [&] { return send_and_wait(occupied.client, occupied.url("/next")); });
  auto abandoned = occupied.abandon();
  REQUIRE_FALSE(abandoned);
  CHECK(abandoned.error().code == error_code::cancelled);
  auto next = answer.get();
  REQUIRE(next);
  CHECK(next->body == "fine");
}

TEST_CASE("a request that waits for its turn keeps its time and may be abandoned") {
  occupied_client occupied;
  auto hasty = occupied.url("/hasty");
  hasty.total_timeout = std::chrono::milliseconds(20);
  auto late = send_and_wait(occupied.client, hasty);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == error_code::deadline_exceeded);
  CHECK(contains(late.error().message, "too many requests are under way"));

  std::stop_source gone;
  auto waiting = occupied.url("/waiting");
  waiting.stop = gone.get_token();
  auto abandoned = test::answer_of<http_response>([&](auto done) {
    occupied.client.send(waiting, std::move(done));
    occupied.client.post([&](bool) { gone.request_stop(); });
  });
  REQUIRE_FALSE(abandoned);
  CHECK(abandoned.error().code == error_code::cancelled);
  CHECK(occupied.requests().size() == 1);
}

TEST_CASE("a request that may not start when its turn comes is not sent") {
  occupied_client occupied;
  bool may_start = true; // of the client's thread
  auto waiting = occupied.url("/waiting");
  waiting.may_start = [&] {
    return may_start ? result<void>() : error{error_code::too_many_requests, "not now", "", {}};
  };
  std::promise<result<http_response>> outcome;
  occupied.client.send(waiting, [&](result<http_response> ended) { outcome.set_value(std::move(ended)); });
  occupied.client.post([&](bool) { may_start = false; });
  (void)occupied.abandon();
  auto refused = outcome.get_future().get();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "not now");
  CHECK(occupied.requests().size() == 1);
}

TEST_CASE("a request that nobody waits for any more ends, and harms no other") {
  std::stop_source gone;
  scripted_server server([&](const std::string& head) {
    if (contains(head, "/other")) return scripted_server::response("200 OK", "", "fine");
    gone.request_stop(); // it has arrived, and then its asker leaves
    return scripted_server::hang();
  });
  http_client client;
  auto request = get("http://" + server.domain() + "/slow");
  request.total_timeout = std::chrono::minutes(10);
  request.stop = gone.get_token();
  auto ended = send_and_wait(client, request);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == error_code::cancelled);
  auto other = send_and_wait(client, get("http://" + server.domain() + "/other"));
  REQUIRE(other);
  CHECK(other->body == "fine");
}
