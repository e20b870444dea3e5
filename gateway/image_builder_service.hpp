#pragma once

#include "actors/build_intake.hpp"
#include "actors/ref_cache.hpp"
#include "actors/running_builds.hpp"
#include "gateway/build_list.hpp"
#include "gateway/call_meter.hpp"
#include "gateway/pull_stream.hpp"
#include "gateway/ready_answers.hpp"
#include "gateway/stream_queues.hpp"
#include "gateway/translate.hpp"

#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <caf/actor_system.hpp>

#include <memory>
#include <vector>

namespace ib {

class build_stream;

/// What the methods look at.
struct api_context {
  std::shared_ptr<running_builds_board> board;
  std::shared_ptr<const ref_board> refs;
  request_rules rules;
  stream_house house;
  intake_settings intake;
};

/// The compatible API (spec: api.md, package builder): checks and translates on the gRPC thread, reads are
/// answered there from a snapshot, everything else goes to the gateway actor. All methods are raw: requests
/// are parsed by our own hand, log bytes are sent without a copy. Streams are served
/// by stream_queues, the rest by callbacks.
class image_builder_service final
    : public builder::ImageBuilder::WithRawCallbackMethod_ResolveBaseImage<
          builder::ImageBuilder::WithRawCallbackMethod_ResolveWorkspaceImage<
              builder::ImageBuilder::WithGenericMethod_Build<builder::ImageBuilder::WithGenericMethod_Logs<
                  builder::ImageBuilder::WithRawCallbackMethod_ListBuilds<
                      builder::ImageBuilder::Service>>>>> {
public:
  image_builder_service(caf::actor_system& system, api_context context);

  grpc::ServerUnaryReactor* ResolveBaseImage(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ResolveWorkspaceImage(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListBuilds(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

  /// Build and Logs.
  std::vector<streaming_method> streaming();

private:
  void build(stream_call& call);
  void logs(stream_call& call);
  template <class Message>
  result<void> to_gateway(Message message);
  /// Follows a build that is under way, where that can be said without asking anybody.
  bool joins_at_once(const build_request& wish, build_stream& stream);

  caf::actor_system& system_;
  api_context context_;
  call_counts counts_;
  rpc_metrics& resolve_base_calls_;
  rpc_metrics& resolve_workspace_calls_;
  rpc_metrics& list_calls_;
  const stream_house build_house_;
  const stream_house log_house_;
  build_list list_;
  ready_answers ready_;
};

} // namespace ib
