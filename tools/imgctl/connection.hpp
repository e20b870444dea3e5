#pragma once

#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include "image-builder-api/imgbuilder.grpc.pb.h"
#include "imagebuilder/v1/builds.grpc.pb.h"

#include <chrono>
#include <memory>
#include <string>

namespace ib::imgctl {

/// A lazily connected channel to the service.
struct connection {
  std::string address;
  std::unique_ptr<builder::ImageBuilder::Stub> stub;
  std::unique_ptr<imagebuilder::v1::Builds::Stub>
      builds; ///< the extension service, which not every server has
  std::shared_ptr<grpc::Channel> channel;
};

/// A usage failure where `address` is not HOST:PORT with a port of 1 to 65535; IPv6 hosts stand in brackets.
outcome<std::string> check_address(const std::string& address, const std::string& flag = "--address");

/// Fails where the address or a file for TLS is wrong; an unreachable service shows in the first call.
outcome<connection> connect(const global_options& global);

/// Longest time a call that answers once may take: a resolution with retries takes up to 15 s at the service.
inline constexpr std::chrono::seconds answer_timeout{60};

/// Sets the deadline of a call that answers once.
void bound(grpc::ClientContext& context);

/// True where the status of a finished call came from the service, false where this side made it up because
/// the connection could not be made or broke.
bool answered_by_service(const grpc::ClientContext& context, const grpc::Status& status);

} // namespace ib::imgctl
