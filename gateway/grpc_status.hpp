#pragma once

#include "actors/domain/error.hpp"

#include <grpcpp/support/status.h>

namespace ib {

/// The gRPC status of an error (spec: api.md): by its code, never by its text. The message leads with the
/// field it blames.
grpc::Status to_status(const error& e);

/// What a call ends with when the service stops.
grpc::Status stopping_status();

} // namespace ib
