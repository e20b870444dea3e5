#pragma once

#include "actors/build_intake.hpp"
#include "actors/io/fault_injector.hpp"
#include "actors/running_builds.hpp"
#include "gateway/grpc_server.hpp"
#include "gateway/pull_stream.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <vector>

namespace ib {

class ref_board;

/// What the gRPC services stand on.
struct api_ground {
  caf::actor_system& system;
  std::shared_ptr<running_builds_board> board;
  std::shared_ptr<const ref_board> refs;
  bool allow_file_protocol = false;
  stream_house house;
  intake_settings intake;
  std::shared_ptr<io::fault_injector> faults; ///< null: faults cannot be injected
};

/// The gRPC services that are offered: the compatible one, its extension, and fault injection where there is
/// some. Everybody else is spared the generated code.
class grpc_api {
public:
  explicit grpc_api(const api_ground& ground);
  ~grpc_api();
  grpc_api(const grpc_api&) = delete;
  grpc_api& operator=(const grpc_api&) = delete;

  std::vector<named_service> services() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace ib
