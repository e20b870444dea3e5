#include "gateway/doctor/checks.hpp"
#include "gateway/doctor/report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ib::doctor;
using nlohmann::json;

TEST_CASE("a report is healthy until something fails, and tells of each finding as it comes", "[doctor]") {
  std::vector<std::string> heard;
  report all([&](const finding& f) { heard.push_back(f.check); });
  subject about(all, "registry r.example");
  CHECK(about.fine("name", "is 192.0.2.1"));
  CHECK(about.warn("TLS", "until tomorrow", "renew it"));
  about.skip("push", "not needed");
  CHECK(all.healthy());
  CHECK_FALSE(about.fail("credentials", "401", "log in"));
  CHECK_FALSE(all.healthy());
  CHECK(heard == std::vector<std::string>{"name", "TLS", "push", "credentials"});
  auto text = json::parse(all.to_json());
  CHECK(text["healthy"] == false);
  REQUIRE(text["checks"].size() == 4);
  CHECK(text["checks"][3] == json{{"about", "registry r.example"},
                                  {"check", "credentials"},
                                  {"result", "failed"},
                                  {"detail", "401"},
                                  {"advice", "log in"}});
}

TEST_CASE("a finding in text has its advice on a line of its own and no control characters", "[doctor]") {
  finding found{"registry r", "TLS", outcome::failed, "bad\x1b[31m\nnews", "renew it"};
  CHECK(in_text(found, false) == "failed  registry r, TLS: bad [31m news\n          renew it\n");
  CHECK(in_text(found, true).find("\033[0m") != std::string::npos);
  found.advice.clear();
  CHECK(in_text(found, false) == "failed  registry r, TLS: bad [31m news\n");
}

TEST_CASE("the proxy is the one that the HTTP library would take", "[doctor]") {
  environment_map with{{"https_proxy", "http://user:secret@proxy.example:3128"},
                       {"http_proxy", "plain.example:8080"},
                       {"no_proxy", "internal.example, .dotted.example,exact"}};
  CHECK(proxy_for(with, "https", "registry.example") == "http://proxy.example:3128");
  CHECK(proxy_for(with, "http", "registry.example") == "plain.example:8080");
  for (const char* host : {"internal.example", "a.internal.example", "dotted.example", "a.dotted.example",
                           "exact", "localhost", "127.0.0.1"})
    CHECK(proxy_for(with, "https", host).empty());
  CHECK(proxy_for(with, "https", "notinternal.example") == "http://proxy.example:3128");
  CHECK(proxy_for({{"HTTPS_PROXY", "p:1"}}, "https", "r.example") == "p:1");
  CHECK(proxy_for({{"HTTP_PROXY", "p:1"}}, "http", "r.example").empty());
  CHECK(proxy_for({{"ALL_PROXY", "user:secret@p:1"}}, "http", "r.example") == "p:1");
  CHECK(proxy_for({{"https_proxy", "p:1"}, {"NO_PROXY", "*"}}, "https", "r.example").empty());
  CHECK(proxy_for({}, "https", "r.example").empty());
}
