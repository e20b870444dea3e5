#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/checks.hpp"
#include "tools/imgctl/watch/health.hpp"
#include "tools/imgctl/watch/trial.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {
namespace {

constexpr int64_t days_of_grace = 14;

bool check_tls(const global_options& global, const std::string& about, findings& to) {
  const auto seen = try_tls(global.address, global.tls);
  if (!seen.fault.empty())
    return to.add(
        {about, "TLS", verdict::failed, seen.fault,
         "--ca has to hold the authority of the service's certificate, which has to be for the name in "
         "--address (or --server-name); a service without server.services.grpc.tls wants no --ca at all."});
  if (seen.days_left && *seen.days_left < days_of_grace)
    return to.add({about, "TLS", verdict::warning,
                   "the service's certificate ends in " + std::to_string(*seen.days_left) + " days",
                   "Renew it; the service reads its files again by itself."});
  return to.add({about, "TLS", verdict::fine,
                 "trusted" + (seen.days_left ? ", the service's certificate is good for " +
                                                   std::to_string(*seen.days_left) + " days"
                                             : ""),
                 ""});
}

/// Why a port that is open does not speak gRPC with us.
std::string advice_for_silence(const global_options& global) {
  if (global.tls.wanted())
    return "A service that wants client certificates ends the connection of those it does not trust: --cert "
           "and "
           "--key have to be signed by the authority in its server.services.grpc.tls.caPath.";
  if (speaks_tls(global.address))
    return "It speaks TLS: give --ca, and --cert and --key where it wants client certificates, or --config "
           "with "
           "the service's configuration.";
  return "What listens there is perhaps not the image builder: compare --address with the service's line "
         "\"serving gRPC\".";
}

void check_health(connection& service, const std::string& about, findings& to) {
  for (const char* name : {"builder.ImageBuilder", "imagebuilder.v1.Builds"}) {
    const auto seen = ask_health(*service.channel, name);
    const auto check = std::string("health of ") + name;
    if (seen.state == health_state::serving)
      to.add({about, check, verdict::fine, "serving", ""});
    else if (seen.state == health_state::not_serving)
      to.add({about, check, verdict::failed, "not serving",
              "It starts, drains or lacks something: /ready and the debug endpoint's readiness say what."});
    else
      to.add({about, check, verdict::warning, seen.words,
              "An older service, or another one: without it this health is not known."});
  }
}

void check_lists(connection& service, const std::string& about, findings& to) {
  grpc::ClientContext context;
  bound(context);
  builder::ListBuildsResponse builds;
  const auto status = service.stub->ListBuilds(&context, {}, &builds);
  if (status.ok())
    to.add({about, "list of builds", verdict::fine, std::to_string(builds.builds_size()) + " under way", ""});
  else
    to.add({about, "list of builds", verdict::failed,
            explain(status, {"no answer", service.address, answered_by_service(context, status)}).message,
            "The service's log says why."});
}

} // namespace

bool check_service(const global_options& global, findings& to) {
  const auto about = "service " + global.address;
  auto service = connect(global);
  if (!service)
    return to.add({about, "address", verdict::failed, service.why().message, "Correct the flag."});
  const auto seen = try_connection(global.address);
  if (!seen.fault.empty())
    return to.add(
        {about, "connection", verdict::failed, seen.fault,
         "Is the service running (systemctl status image-builder), does it listen there "
         "(server.services.grpc.address), does a firewall or network policy let this machine through?"});
  to.add({about, "connection", verdict::fine, seen.words, ""});
  if (!global.tls.wanted())
    to.add({about, "TLS", verdict::skipped, "in the clear: no --ca is given", ""});
  else if (!check_tls(global, about, to))
    return false;
  const auto whole = ask_health(*service->channel, "");
  if (whole.state == health_state::unreachable)
    return to.add({about, "gRPC", verdict::failed, whole.words, advice_for_silence(global)});
  to.add({about, "gRPC", verdict::fine, "answers", ""});
  check_health(*service, about, to);
  check_lists(*service, about, to);
  return true;
}

} // namespace ib::imgctl
