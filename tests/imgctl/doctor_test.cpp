#include "tools/imgctl/watch/checks.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ib::imgctl;

namespace {

house well() {
  house now;
  now.version = "1.0.0";
  now.ready = true;
  now.registry_columns = {"registry", "asked", "failed", "told to wait (429)"};
  now.registries = {{{"r.test", "5", "0", "0"}}};
  return now;
}

/// What was found of one check.
finding found(const house& now, const std::string& check) {
  findings to;
  judge(now, "it", "1.0.0", to);
  for (const auto& one : to.all())
    if (one.check == check) return one;
  FAIL(check);
  return {};
}

} // namespace

TEST_CASE("of a service that is well nothing is to be done", "[doctor]") {
  findings to;
  judge(well(), "it", "1.0.0", to);
  CHECK(to.count(verdict::fine) == to.all().size());
  CHECK(summary(to) == "5 checks: all is well");
}

TEST_CASE("each trouble of a service is found with what to do about it", "[doctor]") {
  auto ill = well();
  ill.version = "2.0.0";
  ill.ready = false;
  ill.reasons = {{"engine", "no buildah"}};
  ill.storage.trouble = "the disk is full";
  ill.actors["a"] = {"house/a", "house", "kind", "broke", false};
  ill.actors["b"].path = "house/b";
  ill.actors["b"].mailbox = 5000;
  ill.actors["c"].path = "house/c";
  ill.actors["c"].restarts = 2;
  ill.registries = {{{"r.test", "5", "2", "2"}}, {{"s.test", "5", "1", "0"}}};
  ill.limited = {{"hub.test", 42, 3}, {"old.test", 0, 1}};
  CHECK(found(ill, "rate limit of hub.test").detail == "left alone for 42s, limited us 3 times");
  CHECK(found(ill, "version").result == verdict::warning);
  CHECK(found(ill, "readiness").result == verdict::failed);
  CHECK(found(ill, "readiness").detail == "engine: no buildah");
  CHECK(found(ill, "journal").result == verdict::failed);
  CHECK(found(ill, "actors").detail == "crashed: house/a (broke)");
  CHECK(found(ill, "mailboxes").detail.ends_with("house/b"));
  CHECK(found(ill, "restarts").detail.starts_with("house/c"));
  CHECK(found(ill, "registry r.test").advice.find("429") != std::string::npos);
  CHECK(found(ill, "registry s.test").advice.find("image-builder doctor") != std::string::npos);
  findings to;
  judge(ill, "it", "1.0.0", to);
  for (const auto& one : to.all())
    CHECK_FALSE(one.advice.empty());
  ill.reasons.clear();
  CHECK(found(ill, "readiness").result == verdict::failed);
  auto slow = well();
  slow.storage.slowest_us = 900'000;
  CHECK(found(slow, "journal").result == verdict::warning);
}

TEST_CASE("findings are told as text and as JSON", "[doctor]") {
  std::vector<std::string> heard;
  findings to([&](const finding& one) { heard.push_back(in_text(one, false)); });
  CHECK(to.add({"service", "TLS", verdict::fine, "good", ""}));
  CHECK_FALSE(to.add({"service", "gRPC", verdict::failed, "bad\nwords", "Do it."}));
  CHECK(heard == std::vector<std::string>{"ok      service, TLS: good\n",
                                          "failed  service, gRPC: bad; words\n          Do it.\n"});
  CHECK(in_text(to.all()[1], true).starts_with("\x1b[31mfailed  \x1b[0m"));
  const auto told = nlohmann::json::parse(to_json(to));
  CHECK(told["healthy"] == false);
  CHECK(told["checks"][1]["result"] == "failed");
  CHECK(summary(to) == "2 checks: 1 failed, 0 with a warning");
}
