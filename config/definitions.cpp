#include "config/definition.hpp"

#include "config/values.hpp"

#include <array>
#include <type_traits>
#include <utility>

namespace ib::config {
namespace {

template <class E>
using names_of = std::vector<std::pair<std::string, E>>;

void assign(std::string& target, const value& v) { target = std::get<std::string>(v); }
void assign(bool& target, const value& v) { target = std::get<bool>(v); }
void assign(std::optional<bool>& target, const value& v) { target = std::get<bool>(v); }
void assign(int64_t& target, const value& v) { target = std::get<int64_t>(v); }
void assign(uint64_t& target, const value& v) { target = static_cast<uint64_t>(std::get<int64_t>(v)); }
void assign(std::vector<std::string>& target, const value& v) {
  target = std::get<std::vector<std::string>>(v);
}
void assign(image_platform& target, const value& v) {
  if (auto parsed = parse_platform(std::get<std::string>(v))) target = *std::move(parsed);
}

value value_of(const std::string& v) { return v; }
value value_of(bool v) { return v; }
value value_of(const std::optional<bool>& v) { return v ? value(*v) : value(); }
value value_of(int64_t v) { return v; }
value value_of(uint64_t v) { return static_cast<int64_t>(v); }
value value_of(const std::vector<std::string>& v) { return v; }
value value_of(const image_platform& v) { return format_platform(v); }

/// A key that is kept at `place(draft)`. Its default is what default settings hold there.
template <class Place>
definition key(std::string name, value_kind kind, std::string description, Place place) {
  definition d;
  d.name = std::move(name);
  d.description = std::move(description);
  d.kind = kind;
  d.write = [place](draft& to, const value& v) { assign(place(to), v); };
  d.read = [place](draft& from) { return value_of(place(from)); };
  draft defaults;
  d.empty_is_unset = d.read(defaults) == value(std::string());
  return d;
}

template <class E, class Place>
definition choice(std::string name, names_of<E> names, std::string description, Place place) {
  definition d;
  d.name = std::move(name);
  d.description = std::move(description);
  d.kind = value_kind::choice;
  for (const auto& n : names)
    d.choices.push_back(n.first);
  d.write = [place, names](draft& to, const value& v) {
    for (const auto& [text, kind] : names)
      if (text == std::get<std::string>(v)) place(to) = kind;
  };
  d.read = [place, names](draft& from) {
    for (const auto& [text, kind] : names)
      if (kind == place(from)) return value(text);
    return value();
  };
  return d;
}

definition without_effect(std::string name, std::string description, std::string notice) {
  definition d;
  d.name = std::move(name);
  d.description = std::move(description);
  d.kind = value_kind::text;
  d.empty_is_unset = true;
  d.notice = std::move(notice);
  return d;
}

definition group(std::string name, std::string description, std::vector<definition> members) {
  definition d;
  d.name = std::move(name);
  d.description = std::move(description);
  d.members = std::move(members);
  return d;
}

definition needed(definition d) {
  d.required = true;
  d.empty_is_unset = false;
  return d;
}

definition at_least(int64_t minimum, definition d) {
  d.minimum = minimum;
  return d;
}

definition at_most(int64_t maximum, definition d) {
  d.maximum = maximum;
  return d;
}

/// Changes hold without a restart.
definition at_once(definition d) {
  d.at_once = true;
  return d;
}

/// TLS files under the three names that this place uses for them; all three are needed.
template <class Place>
definition tls(std::string description, std::array<const char*, 3> names, Place place) {
  return group("tls", std::move(description),
               {needed(key(names[0], value_kind::file,
                           "PEM file of the CAs that the peer's certificate is verified against.",
                           [place](draft& d) -> std::string& { return place(d).ca; })),
                needed(key(names[1], value_kind::file, "PEM file of our certificate, with its chain.",
                           [place](draft& d) -> std::string& { return place(d).certificate; })),
                needed(key(names[2], value_kind::file, "PEM file of our certificate's private key.",
                           [place](draft& d) -> std::string& { return place(d).key; }))});
}

tls_files& present(std::optional<tls_files>& files) { return files ? *files : files.emplace(); }

definition wsman() {
  auto files =
      tls("Mutual TLS with ws-manager. Three empty texts are the same as no TLS.", {"ca", "crt", "key"},
          [](draft& d) -> tls_files& { return present(d.target.orchestrator.wsman_tls); });
  files.empty_is_unset = true;
  return group("wsman", "The ws-manager that carries builds out with the engine `wsman`.",
               {key("address", value_kind::peer_address, "Where ws-manager listens.",
                    [](draft& d) -> std::string& { return d.target.orchestrator.wsman_address; }),
                std::move(files),
                key("logCaFile", value_kind::file,
                    "PEM file of CAs that are trusted beside the system's for the URLs of workspaces, where "
                    "builds' logs are read.",
                    [](draft& d) -> std::string& { return d.target.orchestrator.wsman_log_ca_file; })});
}

definition orchestrator() {
  const std::string no_effect = "is accepted for deployed configurations and has no effect";
  auto engine = choice<engine_kind>("engine", {{"local", engine_kind::local}, {"wsman", engine_kind::wsman}},
                                    "What carries builds out: this machine, or ws-manager. Not given: "
                                    "`wsman` where `wsman.address` is, else "
                                    "`local`.",
                                    [](draft& d) -> engine_kind& { return d.target.orchestrator.engine; });
  engine.no_fixed_default = true;
  return group(
      "orchestrator", "What is built, where to, and with which engine.",
      {std::move(engine), wsman(),
       key("pullSecret", value_kind::text,
           "Name of the Kubernetes secret with the registry credentials of builds on ws-manager.",
           [](draft& d) -> std::string& { return d.target.orchestrator.pull_secret; }),
       key("pullSecretFile", value_kind::file,
           "Docker config file with the service's own registry credentials.",
           [](draft& d) -> std::string& { return d.target.orchestrator.pull_secret_file; }),
       key("baseImageRepository", value_kind::repository, "Where images built from Dockerfiles are pushed.",
           [](draft& d) -> std::string& { return d.target.orchestrator.base_image_repository; }),
       key("workspaceImageRepository", value_kind::repository, "Where workspace images are pushed.",
           [](draft& d) -> std::string& { return d.target.orchestrator.workspace_image_repository; }),
       key("builderImage", value_kind::image,
           "Image that builds run in on ws-manager; needed with that engine.",
           [](draft& d) -> std::string& { return d.target.orchestrator.builder_image; }),
       key("enableAdditionalECRAuth", value_kind::boolean,
           "Fetch tokens for Amazon ECR registries with the cloud credentials of the service.",
           [](draft& d) -> bool& { return d.target.orchestrator.enable_additional_ecr_auth; }),
       without_effect("subassemblyBucketName", "Has no effect; deployed configurations have it.", no_effect),
       without_effect("subassemblyBucketPrefix", "Has no effect; deployed configurations have it.",
                      no_effect)});
}

definition local() {
  return group(
      "local", "The engine that builds on this machine, and its limits.",
      {key("stateDirectory", value_kind::directory,
           "Where builds, logs and the layer cache are kept. Empty: `$XDG_STATE_HOME/image-builder`, else "
           "`/var/lib/image-builder` for root, else `$HOME/.local/state/image-builder`.",
           [](draft& d) -> std::string& { return d.target.local.state_directory; }),
       at_once(at_most(1024, key("concurrentBuilds", value_kind::count,
                                 "Builds that run at the same time. 0: as many as there are cores.",
                                 [](draft& d) -> size_t& { return d.target.local.concurrent_builds; }))),
       at_once(at_least(1000, key("buildTimeLimit", value_kind::duration,
                                  "A build that takes longer is ended and fails. A change holds for builds "
                                  "that start afterwards.",
                                  [](draft& d) -> int64_t& { return d.target.local.build_time_limit_ms; }))),
       key("stopGrace", value_kind::duration, "Time between TERM and KILL of a build's processes.",
           [](draft& d) -> int64_t& { return d.target.local.stop_grace_ms; }),
       choice<isolation_mode>(
           "isolation",
           {{"auto", isolation_mode::automatic},
            {"oci", isolation_mode::oci},
            {"chroot", isolation_mode::chroot}},
           "How a Dockerfile's commands are kept apart from this machine. `auto` takes `oci` "
           "where it works here, else `chroot`.",
           [](draft& d) -> isolation_mode& { return d.target.local.isolation; }),
       key("allowFileProtocol", value_kind::boolean, "Allow `file://` URLs of git repositories.",
           [](draft& d) -> bool& { return d.target.local.allow_file_protocol; }),
       key("layerCacheSize", value_kind::size,
           "Disk that cached layers may take; the least recently used go first.",
           [](draft& d) -> uint64_t& { return d.target.local.layer_cache_bytes; })});
}

definition queue() {
  return group("queue", "Builds that wait.",
               {at_once(key("length", value_kind::count, "Builds that may wait; further ones are refused.",
                            [](draft& d) -> size_t& { return d.target.limits.queued_builds; }))});
}

definition retention() {
  return group(
      "retention", "What is kept of builds.",
      {key("logBytesPerBuild", value_kind::size,
           "Log of one build that is kept; older output is dropped. 0 keeps everything.",
           [](draft& d) -> uint64_t& { return d.target.limits.log_bytes_per_build; }),
       at_once(key("finishedBuilds", value_kind::count, "Finished builds that stay known, with their logs.",
                   [](draft& d) -> size_t& { return d.target.limits.finished_builds; })),
       at_once(key("finishedLogBytes", value_kind::size,
                   "All logs of finished builds together; the oldest builds are forgotten beyond it.",
                   [](draft& d) -> uint64_t& { return d.target.limits.finished_log_bytes; })),
       at_once(key("finishedAge", value_kind::duration,
                   "Time that a finished build stays known. 0 is without limit.",
                   [](draft& d) -> int64_t& { return d.target.limits.finished_age_ms; }))});
}

registry_options& registry(draft& d) { return d.target.registries.registries[d.entry]; }

definition registries() {
  auto d = group(
      "registries", "How single registries are reached, by their domain (`registry.example.com:5000`).",
      {key("plainHttp", value_kind::boolean,
           "HTTP instead of HTTPS. Not given: HTTP for loopback hosts, HTTPS for all others.",
           [](draft& d) -> std::optional<bool>& { return registry(d).plain_http; }),
       key("caFile", value_kind::file,
           "PEM file of CAs that are trusted for this registry beside the system's.",
           [](draft& d) -> std::string& { return registry(d).ca_file; }),
       key("certFile", value_kind::file, "PEM file of our certificate for this registry, with its chain.",
           [](draft& d) -> std::string& { return registry(d).cert_file; }),
       key("keyFile", value_kind::file, "PEM file of the private key. Not given: it is in `certFile` too.",
           [](draft& d) -> std::string& { return registry(d).key_file; }),
       key("mirror", value_kind::domain, "Host that is asked first for pulls.",
           [](draft& d) -> std::string& { return registry(d).mirror; })});
  d.kind = value_kind::named_groups;
  d.names = [](const settings& s) {
    std::vector<std::string> names;
    for (const auto& entry : s.registries.registries)
      names.push_back(entry.first);
    return names;
  };
  return d;
}

definition ref_cache() {
  auto interval =
      at_least(1000, key("interval", value_kind::duration, "Time between two look-ups of a reference.",
                         [](draft& d) -> int64_t& { return d.target.ref_cache.interval_ms; }));
  // A deployed configuration that caches nothing has an empty text here.
  interval.empty_is_unset = true;
  auto refs =
      key("refs", value_kind::image, "References that are resolved ahead of time and served from memory.",
          [](draft& d) -> std::vector<std::string>& { return d.target.ref_cache.refs; });
  refs.list = true;
  return group("refCache", "References that are resolved ahead of time.",
               {at_once(std::move(interval)), at_once(std::move(refs))});
}

definition may_be_off(definition d) {
  d.may_be_off = true;
  return d;
}

template <class Place>
definition listener(std::string name, std::string description, Place place) {
  auto address = key("address", value_kind::listen_address, "Where to listen; port 0 takes a free one.",
                     [place](draft& d) -> std::string& { return place(d).address; });
  // A listener without an address of its own has no default to fall back to.
  if (address.empty_is_unset) address = needed(std::move(address));
  auto files = tls(
      "Clients need a certificate that these CAs signed. The files are read again when they change.",
      {"caPath", "certPath", "keyPath"}, [place](draft& d) -> tls_files& { return present(place(d).tls); });
  return group(std::move(name), std::move(description), {std::move(address), std::move(files)});
}

definition server() {
  auto grpc = [](draft& d) -> listener_settings& { return d.target.grpc; };
  auto http = [](draft& d) -> listener_settings& {
    return d.target.http ? *d.target.http : d.target.http.emplace();
  };
  auto logs = listener("http", "Build logs over HTTP. Not given: not served.", http);
  logs.members.push_back(key("url", value_kind::base_url,
                             "URL under which clients reach this listener. Empty: where it listens, by the "
                             "machine's name where that is every address.",
                             [](draft& d) -> std::string& { return d.target.log_base_url; }));
  return group("server", "What the service listens on.",
               {group("services", "The listeners.", {listener("grpc", "The API.", grpc), std::move(logs)})});
}

definition health() {
  return group("health", "Whether the service lives and takes builds, for those who watch over it.",
               {may_be_off(key("address", value_kind::listen_address,
                               "Where `/live` and `/ready` are served over HTTP.",
                               [](draft& d) -> std::string& { return d.target.health_address; }))});
}

definition debug() {
  return group("debug", "What goes on inside, as a page and as JSON, for the people who run the service.",
               {may_be_off(key("address", value_kind::listen_address, "Where it is served over HTTP.",
                               [](draft& d) -> std::string& { return d.target.debug.address; })),
                key("tokenFile", value_kind::file,
                    "File with the token that a client must show (`Authorization: Bearer`). Needed where the "
                    "address is "
                    "not of the loopback.",
                    [](draft& d) -> std::string& { return d.target.debug.token_file; }),
                key("allowCancel", value_kind::boolean, "Builds may be cancelled there.",
                    [](draft& d) -> bool& { return d.target.debug.allow_cancel; })});
}

definition fault_injection() {
  return group(
      "faultInjection", "Breaking the service on purpose, for tests.",
      {key("enabled", value_kind::boolean,
           "Serve `imagebuilder.v1.Faults` beside the API: whoever reaches the port may kill, fail and "
           "delay parts of the service.",
           [](draft& d) -> bool& { return d.target.fault_injection; })});
}

} // namespace

definition settings_definition() {
  return group(
      "", "Configuration of the image builder.",
      {without_effect("$schema", "For editors.", ""), orchestrator(), ref_cache(), server(), health(),
       debug(), local(), queue(), retention(), registries(),
       key("platform", value_kind::platform,
           "Platform whose image is taken where a reference offers several.",
           [](draft& d) -> image_platform& { return d.target.registries.platform; }),
       key("tagCache", value_kind::duration,
           "Time that the digest of a tag is kept. 0 always asks the registry.",
           [](draft& d) -> int64_t& { return d.target.tag_cache_ms; }),
       at_least(1000, key("rateLimitWait", value_kind::duration,
                          "Time that a registry is left alone which limits our rate (HTTP 429) and does not "
                          "say for how long.",
                          [](draft& d) -> int64_t& { return d.target.registries.default_retry_after_ms; })),
       group("metrics", "The service's metrics, for Prometheus.",
             {may_be_off(key("address", value_kind::listen_address, "Where `/metrics` is served.",
                             [](draft& d) -> std::string& { return d.target.metrics_address; }))}),
       fault_injection(),
       group("log", "The service's own log.",
             {at_once(choice<log_level>("level",
                                        {{"debug", log_level::debug},
                                         {"info", log_level::info},
                                         {"warning", log_level::warning},
                                         {"error", log_level::error}},
                                        "The least severe messages that are logged.",
                                        [](draft& d) -> log_level& { return d.target.level; }))})});
}

} // namespace ib::config
