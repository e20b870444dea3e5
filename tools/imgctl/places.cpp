#include "tools/imgctl/places.hpp"

#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/service_config.hpp"

namespace ib::imgctl {
namespace {

void fill(std::string& given, const std::string& found) {
  if (given.empty()) given = found;
}

bool has_scheme(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

} // namespace

outcome<global_options> find_service(global_options given) {
  if (!given.config.empty()) {
    const auto text = read_input("--config", given.config);
    if (!text) return text.why();
    // What the flags name is not looked for there, and may be missing there.
    const auto found = read_service_config(given.config, *text);
    if (!found) return found.why();
    // Flags about TLS are about another way to the service: a half of each would be neither.
    if (given.address.empty() && !given.tls.wanted()) {
      const auto name = given.tls.server_name;
      given.tls = found->tls;
      given.tls.server_name = name;
    }
    fill(given.address, found->address);
    if (given.debug.empty()) {
      given.debug = found->debug;
      fill(given.debug_token_file, found->debug_token_file);
    }
  }
  fill(given.address, default_address);
  fill(given.debug, default_debug_address);
  if (given.tls.certificate.empty() != given.tls.key.empty())
    return usage_error("--cert and --key belong together");
  if (given.tls.ca.empty() && given.tls.wanted())
    return usage_error(
        "--cert, --key and --server-name need --ca, the authority of the service's certificate");
  return given;
}

outcome<debug_place> find_debug(const global_options& global, const environment& env) {
  if (global.debug == "off")
    return failure{exit_code::unavailable,
                   "the service's debug endpoint is turned off (debug.address in " + global.config + ")"};
  debug_place place;
  place.url = global.debug;
  while (place.url.ends_with('/'))
    place.url.pop_back();
  if (!has_scheme(place.url)) {
    auto checked = check_address(place.url, "--debug-address");
    if (!checked) return checked.why();
    place.url = "http://" + place.url;
  }
  place.tls = global.tls;
  if (const auto token = env("IMGCTL_DEBUG_TOKEN"); token && !token->empty()) {
    place.token = *token;
  } else if (!global.debug_token_file.empty()) {
    const auto text = read_input("--debug-token-file", global.debug_token_file);
    if (!text) return text.why();
    place.token = text->substr(0, text->find_first_of("\r\n"));
    if (place.token.empty())
      return usage_error("--debug-token-file: there is no token in " + global.debug_token_file);
  }
  return place;
}

} // namespace ib::imgctl
