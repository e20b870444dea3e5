#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ib {

/// How one registry is reached where it differs from the rule (spec: images.md, "Resolution").
struct registry_options {
  std::optional<bool> plain_http; ///< unset: plain HTTP for loopback hosts, HTTPS for all others
  std::string ca_file;            ///< PEM file of CAs trusted for this registry beside the system's
  std::string cert_file;          ///< PEM file of our certificate for this registry, with its chain
  std::string key_file;           ///< PEM file of its private key; empty where cert_file holds both
  std::string mirror;             ///< host asked first for pulls; the registry itself is the fall-back
};

/// The platform whose manifest is taken from an image index.
struct image_platform {
  std::string os = "linux";
  std::string architecture = "amd64";
  std::string variant;
};

/// Everything the registry client is configured with.
struct registry_settings {
  std::map<std::string, registry_options> registries; ///< by domain
  image_platform platform;
  int64_t connect_timeout_ms = 5'000;
  int64_t request_timeout_ms = 15'000;     ///< bound of one lookup with all its requests and retries
  int64_t default_retry_after_ms = 30'000; ///< how long a registry is left alone whose 429 does not say
};

/// True where a registry is spoken to by plain HTTP.
bool speaks_plain_http(const registry_settings& settings, const std::string& domain);

/// True for localhost, 127.0.0.0/8 and ::1, with or without a port: hosts that speak plain HTTP unless
/// configured.
bool is_loopback_domain(const std::string& domain);

} // namespace ib
