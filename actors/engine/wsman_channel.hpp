#pragma once

#include "actors/engine/wsman_manager.hpp"

#include <grpcpp/channel.h>

#include <memory>

namespace ib {

/// A connection to ws-manager (spec: engines.md, "wsman"): mutual TLS under the name `ws-manager` where files
/// are given, keepalive every 10 s, reconnects after at most 5 s. It connects by itself when it is used.
std::shared_ptr<grpc::Channel> open_channel(const manager_address& where);

} // namespace ib
