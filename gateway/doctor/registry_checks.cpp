#include "gateway/doctor/checks.hpp"

#include "actors/domain/reference.hpp"
#include "actors/io/http_url.hpp"
#include "actors/io/network_trial.hpp"
#include "actors/io/registry_endpoint.hpp"
#include "actors/io/registry_trial.hpp"
#include "actors/io/utc_time.hpp"
#include "gateway/surroundings.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

namespace ib::doctor {

namespace {

constexpr std::chrono::milliseconds patience{5000};
constexpr int64_t soon_s = 7 * 24 * 3600;

/// A registry and the repositories that the service pushes to there.
struct registry_wish {
  std::string domain;
  std::vector<reference> pushes;
};

class wishes {
public:
  explicit wishes(const config::settings& settings) {
    for (const auto& repository :
         {settings.orchestrator.base_image_repository, settings.orchestrator.workspace_image_repository})
      if (auto parsed = parse_repository(repository)) add(parsed->domain).pushes.push_back(*parsed);
    for (const auto& [domain, options] : settings.registries.registries) {
      add(domain);
      if (!options.mirror.empty()) add(options.mirror);
    }
    for (const auto& ref : settings.ref_cache.refs)
      if (auto parsed = parse_reference(ref)) add(parsed->domain);
  }
  const std::vector<registry_wish>& all() const { return all_; }

private:
  registry_wish& add(const std::string& domain) {
    auto known =
        std::find_if(all_.begin(), all_.end(), [&](const auto& wish) { return wish.domain == domain; });
    return known == all_.end() ? all_.emplace_back(registry_wish{domain, {}}) : *known;
  }
  std::vector<registry_wish> all_;
};

/// Host and port of a registry as they are connected to.
struct registry_place {
  io::registry_endpoint endpoint;
  io::http_origin origin;
  std::string host; ///< without brackets
  uint16_t port = 0;
};

registry_place place_of(const config::settings& settings, const std::string& domain) {
  registry_place place{io::endpoint_of(settings.registries, domain), {}, {}, 0};
  if (auto origin = io::parse_origin(place.endpoint.base_url)) place.origin = *origin;
  place.host = place.origin.host;
  if (place.host.starts_with('[')) place.host = place.host.substr(1, place.host.size() - 2);
  place.port = static_cast<uint16_t>(std::strtoul(place.origin.port.c_str(), nullptr, 10));
  return place;
}

std::string key(const std::string& domain, const std::string& name) {
  return "registries[\"" + domain + "\"]." + name;
}

std::string advice_for(io::tls_fault fault, const std::string& domain) {
  switch (fault) {
  case io::tls_fault::none:
    return {};
  case io::tls_fault::expired:
    return "The registry needs a new certificate; or this machine's clock is wrong (date -u).";
  case io::tls_fault::unknown_authority:
    return "Name the CA that signed it in " + key(domain, "caFile") +
           ", or add it to this machine's CAs (update-ca-certificates).";
  case io::tls_fault::other_name:
    return "The certificate is for another name: use that name in the configuration, or have this one added "
           "to it.";
  case io::tls_fault::our_files:
    return "See " + key(domain, "caFile") + ", certFile and keyFile.";
  case io::tls_fault::other:
    return "Does the registry speak HTTPS there? If it speaks plain HTTP, set " + key(domain, "plainHttp") +
           "; if it wants a client's certificate, see certFile and keyFile there.";
  }
  return {};
}

bool check_tls(subject& about, const registry_place& place) {
  if (place.origin.scheme == "http") {
    about.fine("TLS", "none: plain HTTP");
    return true;
  }
  io::tls_greeting greeting;
  // One address that serves is enough: which of them answer was seen before.
  auto addresses = io::find_addresses(place.host);
  for (const auto& address : addresses ? *addresses : std::vector<io::host_address>{}) {
    greeting = io::try_tls({address, place.port, place.host, place.endpoint.ca_file, place.endpoint.cert_file,
                            place.endpoint.key_file},
                           patience);
    if (greeting.fault != io::tls_fault::other) break;
  }
  if (greeting.fault != io::tls_fault::none)
    return about.fail("TLS", greeting.words, advice_for(greeting.fault, place.endpoint.domain));
  auto words = greeting.version + ", certificate until " + io::utc_text(greeting.ends_at * 1000);
  if (greeting.ends_at - std::time(nullptr) < soon_s)
    return about.warn("TLS", words, "The registry needs a new certificate soon.");
  return about.fine("TLS", words);
}

std::string advice_for(const error& failure, const std::string& doing) {
  switch (failure.code) {
  case error_code::unauthenticated:
    return "The password is missing or wrong: see orchestrator.pullSecretFile for this registry (docker "
           "login writes such a file).";
  case error_code::permission_denied:
    return "The password is right and does not allow this: give its user the right to " + doing + ".";
  case error_code::too_many_requests:
    return "The registry limits how often it may be asked: wait, or use a password with a higher limit.";
  case error_code::not_found:
    return "Does the repository exist? Some registries want it to be made before the first push.";
  case error_code::unavailable:
  case error_code::deadline_exceeded:
    return "The registry or the way to it fails at the moment; its operators know more.";
  case error_code::invalid_argument:
  case error_code::out_of_range:
  case error_code::resource_exhausted:
  case error_code::cancelled:
  case error_code::failed_precondition:
  case error_code::data_corrupt:
  case error_code::internal:
    return "Is this a registry at all? It does not answer as one (GET /v2/).";
  }
  return {};
}

/// True where requests can be made at all.
bool check_way(subject& about, const patient& who, const registry_place& place) {
  auto proxy = proxy_for(who.environment, place.origin.scheme, place.host);
  if (proxy.empty()) {
    auto answers =
        check_connection(about, place.host, place.port,
                         "Does the registry run and listen there? Does a firewall let this machine through?");
    if (!answers) return false;
    about.fine("proxy", "none");
    return check_tls(about, place);
  }
  about.fine("proxy", proxy + " (from the environment)");
  // It looks names up and connects for us.
  auto origin = io::parse_origin(proxy.find("://") == std::string::npos ? "http://" + proxy : proxy);
  if (!origin) {
    about.skip("connection", "the proxy is no HTTP proxy; the next steps go through it");
    return true;
  }
  auto host = origin->host.starts_with('[') ? origin->host.substr(1, origin->host.size() - 2) : origin->host;
  return check_connection(
      about, host, static_cast<uint16_t>(std::strtoul(origin->port.c_str(), nullptr, 10)),
      "The proxy does not answer: see https_proxy and no_proxy in the service's environment.");
}

void check_registry(const patient& who, const registry_wish& wish, io::registry_trial& trial, report& to) {
  subject about(to, "registry " + wish.domain);
  auto place = place_of(who.settings, wish.domain);
  if (!check_way(about, who, place)) {
    about.skip("credentials", "the registry cannot be reached");
    for (const auto& repository : wish.pushes)
      about.skip("push to " + repository.path, "the registry cannot be reached");
    return;
  }
  if (auto greeted = trial.greet(wish.domain); greeted)
    about.fine("credentials", "accepted, or none needed");
  else
    about.fail("credentials", greeted.error().message, advice_for(greeted.error(), "use the registry"));
  for (const auto& repository : wish.pushes) {
    if (auto pushed = trial.try_push(repository); pushed)
      about.fine("push to " + repository.path, "allowed");
    else
      about.fail("push to " + repository.path, pushed.error().message,
                 advice_for(pushed.error(), "push to " + repository.path));
  }
}

} // namespace

void check_registries(const patient& who, report& to) {
  auto credentials = make_credentials(who.settings.orchestrator);
  if (!credentials) {
    subject(to, "credentials")
        .fail("password file", credentials.error().message,
              "See orchestrator.pullSecretFile: it is a Docker config file (docker login writes one).");
    return;
  }
  if (!who.settings.orchestrator.pull_secret_file.empty())
    subject(to, "credentials")
        .fine("password file", who.settings.orchestrator.pull_secret_file + " can be read");
  io::registry_trial trial(who.settings.registries, *credentials);
  const wishes named(who.settings);
  for (const auto& wish : named.all())
    check_registry(who, wish, trial, to);
}

} // namespace ib::doctor
