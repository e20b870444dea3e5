#include "tests/io/registry_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include "actors/domain/base64.hpp"
#include "actors/domain/sha256.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <iterator>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

// What a hostile or broken registry may do: each is one clear error within the time limit, and nothing leaks.

namespace {

using std::filesystem::directory_iterator;

size_t open_descriptors() {
  return static_cast<size_t>(std::distance(directory_iterator("/proc/self/fd"), directory_iterator()));
}

const std::string index_head =
    std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ") + oci_index_type + "\r\n";

std::string index_with(const std::string& body) {
  return scripted_server::response("200 OK", std::string("Content-Type: ") + oci_index_type + "\r\n", body);
}

std::string many_fields() {
  std::string fields;
  for (int i = 0; i < 10'000; ++i)
    fields += "X-Field-" + std::to_string(i) + ": " + std::string(40, 'x') + "\r\n";
  return fields;
}

struct hostility {
  const char* name;
  std::string answer; ///< to a GET; a HEAD gets 405
  error_code code;
  std::string words; ///< part of the message
};

std::vector<hostility> hostilities() {
  const auto dead = error_code::unavailable;
  const auto corrupt = error_code::data_corrupt;
  const std::string deep(1'000'000, '[');
  return {
      {"never answers", scripted_server::hang(), dead, "registry 127.0.0.1"},
      {"stops among the headers", scripted_server::stall("HTTP/1.1 200 OK\r\nConte"), dead, ""},
      {"sends headers byte by byte for ever", scripted_server::drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), dead,
       ""},
      {"sends a status line that never ends", scripted_server::drip("HTTP/1.1 200 ", "x"), dead, ""},
      {"stops within the body", scripted_server::stall(index_head + "Content-Length: 9\r\n\r\n{\"m"), dead,
       ""},
      {"sends a body byte by byte for ever", scripted_server::drip(index_head + "\r\n", " "), dead, ""},
      {"sends a body without end", scripted_server::endless(), corrupt, "body larger than 4194304"},
      {"announces too much", index_head + "Content-Length: 99999999999\r\n\r\n{}", dead, ""},
      {"announces more than it sends", index_head + "Content-Length: 10\r\n\r\n{}", dead, ""},
      {"announces less than it sends", index_head + "Content-Length: 2\r\n\r\n{\"manifests\":[]}",
       error_code::data_corrupt, "no JSON object"},
      {"announces a negative length", index_head + "Content-Length: -1\r\n\r\n{}", corrupt, "Content-Length"},
      {"breaks its chunks", index_head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", dead, ""},
      {"closes at once", "", dead, ""},
      {"resets at once", scripted_server::reset(""), dead, ""},
      {"resets within the headers", scripted_server::reset("HTTP/1.1 200 OK\r\n"), dead, ""},
      {"resets within the body", scripted_server::reset(index_head + "Content-Length: 10\r\n\r\n{}"), dead,
       ""},
      {"redirects in a circle", scripted_server::response("307 Moved", "Location: /v2/again\r\n", ""), dead,
       "more than 5 redirects"},
      {"redirects to a file", scripted_server::response("302 Found", "Location: file:///etc/passwd\r\n", ""),
       corrupt, "redirects to an invalid URL"},
      {"redirects to nowhere", scripted_server::response("302 Found", "Location: http://\r\n", ""), corrupt,
       "redirects to an invalid URL"},
      {"storms with 500", scripted_server::response("500 Oops", "", "<html>"), dead, "HTTP 500"},
      {"storms with 502", scripted_server::response("502 Bad Gateway", "", ""), dead, "HTTP 502"},
      {"storms with 503", scripted_server::response("503 Unavailable", "Retry-After: 9\r\n", ""), dead,
       "HTTP 503"},
      {"storms with 599", scripted_server::response("599 What", "", ""), dead, "HTTP 599"},
      {"answers an odd status", scripted_server::response("299 Odd", "", ""), error_code::internal,
       "HTTP 299"},
      {"speaks another protocol", "SSH-2.0-server\r\n\r\n", corrupt, ""},
      {"sends garbage", index_with("\xff\xfe\x01{]"), corrupt, "no JSON object"},
      {"sends half of an index", index_with(R"({"manifests":[{"digest":"sha256:)"), corrupt,
       "no JSON object"},
      {"sends deep JSON", index_with(deep), corrupt, ""},
      {"sends deep JSON in an index",
       index_with(R"({"manifests":)" + deep + std::string(1'000'000, ']') + "}"), corrupt, ""},
      {"sends no type", scripted_server::response("200 OK", "", R"({"manifests":[]})"), corrupt,
       "media type"},
      {"sends a web page", scripted_server::response("200 OK", "Content-Type: text/html\r\n", "<html>"),
       corrupt, "media type"},
      {"sends an empty index", index_with(R"({"manifests":[]})"), error_code::not_found,
       "no manifest for platform linux-amd64 found"},
      {"sends headers without end", "HTTP/1.1 200 OK\r\n" + std::string(400'000, 'x') + ": y\r\n\r\n",
       corrupt, "header fields too long"},
      {"sends header fields without end", "HTTP/1.1 200 OK\r\n" + many_fields() + "\r\n", corrupt,
       "header fields too long"},
  };
}

} // namespace

TEST_CASE("whatever a registry does is one typed error within its time and leaks no descriptor") {
  for (const auto& hostile : hostilities()) {
    DYNAMIC_SECTION("it " << hostile.name) {
      const auto before = open_descriptors();
      {
        scripted_server server([&](const std::string& request) {
          if (request.starts_with("HEAD ")) return scripted_server::response("405 No", "", "");
          return hostile.answer;
        });
        registry_settings settings;
        settings.request_timeout_ms = 1'500;
        registry_calls calls(settings);
        const auto begin = std::chrono::steady_clock::now();
        auto found = calls.resolve({{server.domain(), "a", "v1", ""}, {}});
        // Far above the limit, far below what an answer without one would take.
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
        REQUIRE_FALSE(found);
        CAPTURE(found.error().message);
        CHECK(found.error().code == hostile.code);
        CHECK(contains(found.error().message, hostile.words));
        CHECK(contains(found.error().message, "cannot resolve image: " + server.domain() + "/a:v1"));
        CHECK(found.error().message.size() < 1'000);
      }
      CHECK(open_descriptors() == before);
    }
  }
}

TEST_CASE("a token service may be as hostile as a registry") {
  for (const auto& hostile : hostilities()) {
    if (hostile.code == error_code::not_found) continue;
    DYNAMIC_SECTION("it " << hostile.name) {
      scripted_server server([&](const std::string& request) {
        if (!request.starts_with("HEAD ")) return hostile.answer;
        auto host = request.substr(request.find("Host: ") + 6);
        return scripted_server::response("401 Unauthorized",
                                         "WWW-Authenticate: Bearer realm=\"http://" +
                                             host.substr(0, host.find("\r\n")) + "/token\"\r\n",
                                         "");
      });
      registry_settings settings;
      settings.request_timeout_ms = 1'500;
      auto found = registry_calls(settings).resolve({{server.domain(), "a", "v1", ""}, {}});
      REQUIRE_FALSE(found);
      CAPTURE(found.error().message);
      CHECK((found.error().code == error_code::unavailable ||
             found.error().code == error_code::data_corrupt || found.error().code == error_code::internal));
      CHECK(contains(found.error().message, "cannot resolve image: " + server.domain() + "/a:v1"));
    }
  }
}

TEST_CASE("credentials do not follow a redirect and are not sent again to whoever asks for them") {
  scripted_server elsewhere([](const std::string&) {
    return scripted_server::response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"mine\"\r\n", "");
  });
  scripted_server registry([&](const std::string& request) {
    if (!contains(request, "Authorization"))
      return scripted_server::response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n", "");
    return scripted_server::response("307 Moved", "Location: http://" + elsewhere.domain() + "/v2/\r\n", "");
  });
  registry_calls calls;
  registry_lookup lookup{{registry.domain(), "a", "v1", ""}, {}};
  lookup.auth.additional[registry.domain()] = base64_encode("alice:pw");
  for (int round = 0; round < 2; ++round) {
    auto found = calls.resolve(lookup);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == error_code::unauthenticated);
  }
  REQUIRE_FALSE(elsewhere.requests().empty());
  for (const auto& request : elsewhere.requests())
    CHECK_FALSE(contains(request, "uthorization"));
}
