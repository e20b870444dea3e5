#pragma once

#include "actors/io/aws_credentials.hpp"
#include "actors/io/credential_source.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace ib::io {

/// How passwords of Amazon ECR registries are got.
struct ecr_settings {
  /// Where the service's keys at Amazon are (find_aws_keys), and AWS_ENDPOINT_URL_ECR.
  environment_map environment;
  /// What time it is.
  std::function<std::chrono::system_clock::time_point()> now = [] {
    return std::chrono::system_clock::now();
  };
};

/// Passwords of Amazon ECR registries by GetAuthorizationToken (spec: images.md, "Credentials"): kept for 4
/// h, or until shortly before they expire, and asked for once however many callers wait. Nothing for any
/// other host. A failure is an error of the lookups that wait for it and is not kept. Thread-safe; answers on
/// a thread of its own, with `cancelled` where the source ends before.
std::shared_ptr<credential_source> make_ecr_source(ecr_settings settings);

} // namespace ib::io
