#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/checks.hpp"
#include "tools/imgctl/watch/columns.hpp"
#include "tools/imgctl/watch/http.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ib::imgctl {
namespace {

constexpr uint64_t deep_mailbox = 1000;
constexpr int64_t slow_commit_us = 250'000;
constexpr size_t named_at_most = 3;

/// Some names, and how many more there are.
std::string named(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), named_at_most); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > named_at_most) text += " and " + std::to_string(names.size() - named_at_most) + " more";
  return text;
}

void judge_version(const house& now, const std::string& about, const std::string& version, findings& to) {
  if (now.version == version)
    to.add({about, "version", verdict::fine, now.version + ", as this program", ""});
  else
    to.add({about, "version", verdict::warning, "the service is " + now.version + ", this program " + version,
            "Install the same version of both; a command may not know what the other side says."});
}

void judge_readiness(const house& now, const std::string& about, findings& to) {
  if (now.ready) {
    to.add({about, "readiness", verdict::fine,
            "takes builds; " + std::to_string(now.running) + " running, " + std::to_string(now.queued) +
                " queued",
            ""});
    return;
  }
  for (const auto& [who, why] : now.reasons)
    to.add({about, "readiness", verdict::failed, who + ": " + why,
            "The service's log says more; image-builder doctor on its machine tests what it needs."});
  if (now.reasons.empty())
    to.add(
        {about, "readiness", verdict::failed, "not ready, without a reason", "Look at the service's log."});
}

void judge_storage(const house& now, const std::string& about, findings& to) {
  if (!now.storage.trouble.empty())
    to.add(
        {about, "journal", verdict::failed, now.storage.trouble,
         "Mend the disk of local.stateDirectory: room, permissions, faults. Nothing is accepted meanwhile."});
  else if (now.storage.slowest_us > slow_commit_us)
    to.add(
        {about, "journal", verdict::warning,
         "its slowest commit took " + in_time(now.storage.slowest_us / 1000),
         "Every build waits for its commit: put local.stateDirectory on a faster disk, or find who else uses "
         "this one."});
  else
    to.add({about, "journal", verdict::fine,
            "the slowest of " + std::to_string(now.storage.commits) + " commits took " +
                std::to_string(now.storage.slowest_us) + " us",
            ""});
}

void judge_actors(const house& now, const std::string& about, findings& to) {
  std::vector<std::string> dead, deep, restarted;
  for (const auto& [id, actor] : now.actors) {
    if (!actor.alive) dead.push_back(actor.path + " (" + actor.last_error + ")");
    if (actor.mailbox > deep_mailbox) deep.push_back(actor.path);
    if (actor.restarts > 0 && actor.alive) restarted.push_back(actor.path + " (" + actor.last_error + ")");
  }
  if (!dead.empty())
    to.add({about, "actors", verdict::warning, "crashed: " + named(dead),
            "One that stays away was given up by its supervisor: imgctl actors, and the log's lines of that "
            "actor."});
  if (!deep.empty())
    to.add({about, "mailboxes", verdict::warning, "more than 1000 messages wait for " + named(deep),
            "It does not keep up: imgctl top shows whether that shrinks."});
  if (!restarted.empty())
    to.add({about, "restarts", verdict::warning, named(restarted),
            "They were started again and work; report the error, it is one of the service."});
  if (dead.empty() && deep.empty() && restarted.empty())
    to.add(
        {about, "actors", verdict::fine, std::to_string(now.actors.size()) + " live, none has crashed", ""});
}

/// The cell of a registry in the column of that name.
std::string in_column(const house& now, const registry_row& registry, const std::string& name) {
  const auto& names = now.registry_columns;
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? "" : registry.cells[static_cast<size_t>(found - names.begin())];
}

void judge_registries(const house& now, const std::string& about, findings& to) {
  for (const auto& one : now.limited)
    if (one.for_s > 0)
      to.add({about, "rate limit of " + one.registry, verdict::warning,
              "left alone for " + in_time(one.for_s * 1000) + ", limited us " + std::to_string(one.times) +
                  " times",
              "Until then callers are told so and builds wait: give the service credentials, a mirror "
              "(registries) or "
              "tagCache."});
  for (const auto& registry : now.registries) {
    const auto failed = in_column(now, registry, "failed");
    const auto told_to_wait = in_column(now, registry, "told to wait (429)");
    const auto words = in_column(now, registry, "asked") + " lookups, " + failed + " failed, " +
                       told_to_wait + " told to wait";
    const auto check = "registry " + registry.cells.front();
    if (!told_to_wait.empty() && told_to_wait != "0")
      to.add(
          {about, check, verdict::warning, words,
           "The registry limits the service (429): give it credentials, a mirror (registries) or tagCache."});
    else if (!failed.empty() && failed != "0")
      to.add({about, check, verdict::warning, words,
              "image-builder doctor on the service's machine tests each step of the way to it."});
    else
      to.add({about, check, verdict::fine, words, ""});
  }
}

} // namespace

void judge(const house& now, const std::string& about, const std::string& version, findings& to) {
  judge_version(now, about, version, to);
  judge_readiness(now, about, to);
  judge_storage(now, about, to);
  judge_actors(now, about, to);
  judge_registries(now, about, to);
}

void check_debug(const outcome<debug_place>& place, const std::string& version, findings& to) {
  if (!place) {
    to.add({"debug endpoint", "address", verdict::skipped, place.why().message, ""});
    return;
  }
  const auto about = "debug endpoint " + place->url;
  house now;
  for (const auto& [path, name] :
       {std::pair{"state", "state"}, std::pair{"actors", "actors"}, std::pair{"resolver", "registries"}}) {
    const auto answer = ask(*place, std::string("/debug/") + path);
    const bool understood = answer && apply(now, name, *answer, {});
    if (understood && apply_answer(now, name, *answer)) continue;
    const auto why = answer ? explain_endpoint(*place, 200, "", "") : answer.why();
    // Where the service is far away this is as it should be.
    to.add({about, "answer", why.code == exit_code::unavailable ? verdict::warning : verdict::failed,
            why.message,
            "Without it this doctor knows only what the API says. On another machine: ssh -L, or kubectl "
            "port-forward."});
    return;
  }
  to.add({about, "answer", verdict::fine, place->token.empty() ? "without a token" : "with the token", ""});
  judge(now, about, version, to);
}

} // namespace ib::imgctl
