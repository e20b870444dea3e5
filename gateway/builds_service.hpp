#pragma once

#include "actors/running_builds.hpp"
#include "gateway/call_meter.hpp"
#include "gateway/pull_stream.hpp"
#include "gateway/ready_builds.hpp"
#include "gateway/stream_queues.hpp"

#include <imagebuilder/v1/builds.grpc.pb.h>

#include <caf/actor_system.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ib {

/// The extension service (proto/imagebuilder/v1/builds.proto). Like the compatible one: requests are checked
/// on the gRPC thread, builds that run are read there from what their channels show, everything else goes to
/// the gateway actor, and log bytes are sent without a copy.
class builds_service final : public imagebuilder::v1::Builds::WithRawCallbackMethod_GetBuild<
                                 imagebuilder::v1::Builds::WithRawCallbackMethod_ListBuilds<
                                     imagebuilder::v1::Builds::WithGenericMethod_WatchBuild<
                                         imagebuilder::v1::Builds::WithGenericMethod_ReadLog<
                                             imagebuilder::v1::Builds::WithRawCallbackMethod_CancelBuild<
                                                 imagebuilder::v1::Builds::Service>>>>> {
public:
  builds_service(caf::actor_system& system, std::shared_ptr<running_builds_board> board,
                 const stream_house& house);

  grpc::ServerUnaryReactor* GetBuild(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListBuilds(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CancelBuild(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;

  /// WatchBuild and ReadLog.
  std::vector<streaming_method> streaming();

private:
  void watch_build(stream_call& call);
  void read_log(stream_call& call);
  void ask_journal(const std::shared_ptr<pull_stream>& stream, const std::string& build_id,
                   std::optional<uint64_t> log_from) const;

  caf::actor_system& system_;
  std::shared_ptr<running_builds_board> board_;
  const stream_house house_;
  call_counts counts_;
  rpc_metrics& get_calls_;
  rpc_metrics& list_calls_;
  rpc_metrics& cancel_calls_;
  const stream_house watch_house_;
  const stream_house log_house_;
  ready_builds ready_;
};

} // namespace ib
