#pragma once

namespace ib {

/// Makes what the gRPC library has to say lines of our log. Its errors are mostly those of peers (a handshake
/// that failed), so none is more than a warning. Once, before the library is used.
void log_for_grpc();

} // namespace ib
