#include "gateway/grpc_api.hpp"

#include "gateway/builds_service.hpp"
#include "gateway/faults_service.hpp"
#include "gateway/image_builder_service.hpp"

#include <optional>

namespace ib {

struct grpc_api::parts {
  explicit parts(const api_ground& ground)
      : compatible(ground.system,
                   api_context{ground.board, ground.refs, request_rules{ground.allow_file_protocol},
                               ground.house, ground.intake}),
        extension(ground.system, ground.board, ground.house) {
    if (ground.faults) faults.emplace(ground.faults);
  }

  image_builder_service compatible;
  builds_service extension;
  std::optional<faults_service> faults;
};

grpc_api::grpc_api(const api_ground& ground) : parts_(std::make_unique<parts>(ground)) {}

grpc_api::~grpc_api() = default;

std::vector<named_service> grpc_api::services() const {
  auto& [compatible, extension, faults] = *parts_;
  std::vector<named_service> all{{"builder.ImageBuilder", &compatible, true, compatible.streaming()},
                                 {"imagebuilder.v1.Builds", &extension, true, extension.streaming()}};
  if (faults) all.push_back({"imagebuilder.v1.Faults", &*faults});
  return all;
}

} // namespace ib
