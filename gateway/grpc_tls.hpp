#pragma once

#include "actors/io/tls_material.hpp"

#include <grpcpp/security/server_credentials.h>

#include <memory>

namespace ib {

/// TLS (1.2 or newer) for a gRPC server: clients must show a certificate of the configured CAs, and every
/// handshake uses what is in the files by then (spec: operations.md, "Configuration"). Connections that are
/// open stay.
///
/// To be kept as long as the server: it is asked before each handshake.
std::shared_ptr<grpc::ServerCredentials> watched_tls_credentials(std::shared_ptr<io::tls_watch> files);

} // namespace ib
