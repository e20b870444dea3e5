#include "gateway/doctor/checks.hpp"

#include "actors/engine/wsman_manager.hpp"

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <utility>

namespace ib::doctor {

namespace {

constexpr std::chrono::seconds patience{15};

std::string advice_for(const error& failure, bool with_tls) {
  if (failure.code == error_code::unavailable || failure.code == error_code::deadline_exceeded)
    return with_tls ? "Something listens there and does not shake hands: see orchestrator.wsman.tls; the CA "
                      "has to be that of "
                      "ws-manager, whose certificate has to be for the name ws-manager, and ours has to be "
                      "one that it trusts."
                    : "Something listens there and does not speak plain gRPC: does ws-manager want TLS "
                      "(orchestrator.wsman.tls)?";
  return "Is it ws-manager? It does not answer as that.";
}

} // namespace

void check_wsman(const patient& who, report& to) {
  const auto& settings = who.settings.orchestrator;
  subject about(to, "ws-manager");
  auto colon = settings.wsman_address.rfind(':');
  auto host = settings.wsman_address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto port = static_cast<uint16_t>(std::strtoul(settings.wsman_address.c_str() + colon + 1, nullptr, 10));
  if (!check_connection(about, host, port,
                        "Does ws-manager run, and may this machine talk to it (network policies)?"))
    return about.skip("answer", "it cannot be reached");
  manager_address where{settings.wsman_address, "", "", ""};
  if (settings.wsman_tls)
    where = {settings.wsman_address, settings.wsman_tls->ca, settings.wsman_tls->certificate,
             settings.wsman_tls->key};
  auto manager = make_workspace_manager(where, {});
  auto promise = std::make_shared<std::promise<result<std::vector<workspace_status>>>>();
  auto answer = promise->get_future();
  manager->list(
      [promise](result<std::vector<workspace_status>> list) { promise->set_value(std::move(list)); });
  if (answer.wait_for(patience) != std::future_status::ready) {
    manager->close();
    about.fail("answer", "none within " + std::to_string(patience.count()) + " s",
               "Is ws-manager overloaded? See its log.");
    return;
  }
  auto list = answer.get();
  manager->close();
  if (list)
    about.fine("answer", "it runs " + std::to_string(list->size()) + " builds of ours");
  else
    about.fail("answer", list.error().message, advice_for(list.error(), settings.wsman_tls.has_value()));
}

} // namespace ib::doctor
