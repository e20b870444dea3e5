#pragma once

#include "actors/domain/registry_settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ib::config {

struct tls_files {
  std::string ca;
  std::string certificate;
  std::string key;
};

enum class engine_kind : uint8_t { local, wsman };
enum class isolation_mode : uint8_t { automatic, oci, chroot };
enum class log_level : uint8_t { debug, info, warning, error };

/// `orchestrator`: what is built, where to, and with which engine.
struct orchestrator_settings {
  engine_kind engine = engine_kind::local;
  std::string wsman_address;
  std::optional<tls_files> wsman_tls;
  std::string wsman_log_ca_file; ///< trusted beside the system's CAs for the workspaces' URLs
  std::string pull_secret;
  std::string pull_secret_file; ///< Docker config file with the service's own credentials
  std::string base_image_repository = "localhost:5000/base-images";
  std::string workspace_image_repository = "localhost:5000/workspace-images";
  std::string builder_image;
  bool enable_additional_ecr_auth = false;
};

/// `local`: the embedded engine and its limits.
struct local_settings {
  std::string state_directory;  ///< empty: $XDG_STATE_HOME/image-builder, for root /var/lib/image-builder
  size_t concurrent_builds = 0; ///< 0: the number of cores
  int64_t build_time_limit_ms = 60LL * 60 * 1000;
  int64_t stop_grace_ms = 10'000; ///< between TERM and KILL of a build's processes
  isolation_mode isolation = isolation_mode::automatic;
  bool allow_file_protocol = false;
  uint64_t layer_cache_bytes = 20ULL << 30; ///< least recently used layers are pruned above it
};

/// `queue` and `retention`.
struct limit_settings {
  size_t queued_builds = 200;
  uint64_t log_bytes_per_build = 64ULL << 20;
  size_t finished_builds = 10'000;           ///< how many finished builds stay known, with their logs
  uint64_t finished_log_bytes = 10ULL << 30; ///< of all their logs together
  int64_t finished_age_ms = 30LL * 24 * 60 * 60 * 1000; ///< since their end; 0 is without limit
};

/// `refCache`: references that are resolved ahead of time.
struct ref_cache_settings {
  int64_t interval_ms = 6LL * 60 * 60 * 1000;
  std::vector<std::string> refs;
};

/// `server.services.NAME`.
struct listener_settings {
  std::string address;
  std::optional<tls_files> tls;
};

/// An address where nothing is served.
inline constexpr const char* off = "off";

/// `debug`: the page and the JSON for the people who run the service.
struct debug_settings {
  std::string address = "127.0.0.1:6060"; ///< or `off`
  std::string token_file;    ///< file with the token that clients must show; needed where not on loopback
  bool allow_cancel = false; ///< builds may be cancelled there
};

/// The whole checked configuration; the defaults here are the service's defaults (spec: operations.md).
struct settings {
  orchestrator_settings orchestrator;
  local_settings local;
  limit_settings limits;
  registry_settings registries;
  int64_t tag_cache_ms = 0; ///< how long the digest of a tag is kept; 0 always asks
  ref_cache_settings ref_cache;
  listener_settings grpc{"127.0.0.1:8080", std::nullopt};
  std::optional<listener_settings> http; ///< where logs are served over HTTP; unset: nowhere
  std::string log_base_url;              ///< where clients reach `http`; empty: where it listens
  std::string health_address = ":9501";  ///< or `off`
  debug_settings debug;
  std::string metrics_address = "127.0.0.1:9500"; ///< or `off`
  log_level level = log_level::info;
  bool fault_injection = false; ///< whoever reaches the API may break the service on purpose
};

} // namespace ib::config
