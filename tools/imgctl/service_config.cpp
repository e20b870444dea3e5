#include "tools/imgctl/service_config.hpp"

#include <nlohmann/json.hpp>

namespace ib::imgctl {
namespace {

using nlohmann::json;

/// The text at a path such as "/debug/address"; empty where there is none.
std::string text_at(const json& config, const char* path) {
  const json::json_pointer where(path);
  return config.contains(where) && config[where].is_string() ? config[where].get<std::string>() : "";
}

std::string to_ask(const std::string& listening) {
  const auto colon = listening.rfind(':');
  if (colon == std::string::npos) return listening;
  const auto host = listening.substr(0, colon);
  const auto port = listening.substr(colon);
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1" + port;
  return host == "[::]" ? "[::1]" + port : listening;
}

} // namespace

outcome<service_places> read_service_config(const std::string& path, const std::string& text) {
  const auto config = json::parse(text, nullptr, false);
  if (!config.is_object())
    return usage_error("--config: " + path + " is no JSON object; image-builder check-config says why");
  service_places found;
  found.address = to_ask(text_at(config, "/server/services/grpc/address"));
  found.debug = to_ask(text_at(config, "/debug/address"));
  for (const auto& [what, address] :
       {std::pair{"server.services.grpc", &found.address}, std::pair{"debug", &found.debug}})
    if (address->ends_with(":0"))
      return usage_error("--config: " + path + " lets the service choose a port (" + what +
                         ".address); its log says which: name it with " +
                         (address == &found.debug ? "--debug-address" : "--address"));
  found.debug_token_file = text_at(config, "/debug/tokenFile");
  found.tls.ca = text_at(config, "/server/services/grpc/tls/caPath");
  // The service's own certificate is one that its authority has signed: whoever may read it may show it.
  found.tls.certificate = text_at(config, "/server/services/grpc/tls/certPath");
  found.tls.key = text_at(config, "/server/services/grpc/tls/keyPath");
  return found;
}

} // namespace ib::imgctl
