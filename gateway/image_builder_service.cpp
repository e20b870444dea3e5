#include "gateway/image_builder_service.hpp"

#include "actors/names.hpp"
#include "actors/striped_counter.hpp"
#include "gateway/answers.hpp"
#include "gateway/build_stream.hpp"
#include "gateway/call_trace.hpp"
#include "gateway/find_build.hpp"
#include "gateway/gateway_link.hpp"
#include "gateway/log_stream.hpp"
#include "gateway/unary_call.hpp"
#include "gateway/wire.hpp"

#include <caf/send.hpp>

#include <utility>

namespace ib {

namespace {

/// Parses, checks and translates a request.
template <class Request, class... Rules>
auto parse_and_check(const grpc::ByteBuffer& bytes, const Rules&... rules) {
  return parse_and<Request>(bytes, [&](const Request& request) { return translate(request, rules...); });
}

} // namespace

image_builder_service::image_builder_service(caf::actor_system& system, api_context context)
    : system_(system),
      context_(std::move(context)),
      counts_(*context_.house.meter, "builder.ImageBuilder"),
      resolve_base_calls_(counts_.of("ResolveBaseImage")),
      resolve_workspace_calls_(counts_.of("ResolveWorkspaceImage")),
      list_calls_(counts_.of("ListBuilds")),
      build_house_(context_.house.counted_by(counts_.of("Build"))),
      log_house_(context_.house.counted_by(counts_.of("Logs"))),
      list_(context_.board, context_.house.access_comes_later),
      ready_(context_.refs) {}

template <class Message>
result<void> image_builder_service::to_gateway(Message message) {
  return send_to_gateway(system_, context_.house, std::move(message));
}

bool image_builder_service::joins_at_once(const build_request& wish, build_stream& stream) {
  auto channel = *context_.house.draining ? nullptr : find_forced(wish, context_.intake);
  if (!channel) return false;
  // A director that is just restarting looks at the ledger when it begins.
  if (context_.board->joins().add({channel->identity().build_id, wish.triggered_by, wish.trace}))
    if (auto director = find_actor<director_actor>(system_, names::director))
      caf::anon_send(director, joins_noted{});
  stream.join(std::move(channel));
  return true;
}

grpc::ServerUnaryReactor* image_builder_service::ResolveBaseImage(grpc::CallbackServerContext* context,
                                                                  const grpc::ByteBuffer* request,
                                                                  grpc::ByteBuffer* response) {
  call_meter calls(&resolve_base_calls_);
  if (auto ready = ready_.find(*request)) {
    ready->uses->increment();
    response->Swap(&ready->bytes);
    return finish_now(*context, calls);
  }
  const auto version = context_.refs->version();
  auto wish = parse_and_check<builder::ResolveBaseImageRequest>(*request);
  if (auto known = wish ? find_ahead(*context_.refs, wish->ref) : nullptr) {
    auto& uses = context_.house.meter->registry(wish->ref.domain).ahead;
    uses.increment();
    *response = serialize(resolved(*known));
    if (wish->auth.additional.empty()) ready_.keep(*request, version, {*response, &uses});
    return finish_now(*context, calls);
  }
  auto call = std::make_shared<unary_call>(response, calls);
  auto* reactor = call->reactor();
  if (!wish) {
    call->refuse(wish.error());
    return reactor;
  }
  io::registry_lookup lookup{std::move(wish->ref), std::move(wish->auth), registry_purpose::resolve,
                             wish->retry, call->asker()};
  if (auto sent = to_gateway(serve_lookup{std::move(lookup), std::make_shared<digest_answer>(call)}); !sent)
    call->refuse(sent.error());
  return reactor;
}

grpc::ServerUnaryReactor* image_builder_service::ResolveWorkspaceImage(grpc::CallbackServerContext* context,
                                                                       const grpc::ByteBuffer* request,
                                                                       grpc::ByteBuffer* response) {
  auto call = std::make_shared<unary_call>(response, call_meter(&resolve_workspace_calls_));
  auto* reactor = call->reactor();
  auto wish = parse_and_check<builder::ResolveWorkspaceImageRequest>(*request, context_.rules);
  if (!wish) {
    call->refuse(wish.error());
    return reactor;
  }
  wish->trace = trace_of(*context);
  serve_build message{std::make_shared<const build_request>(std::move(*wish)),
                      std::make_shared<inquiry_answer>(call), true, call->asker()};
  if (auto sent = to_gateway(std::move(message)); !sent) call->refuse(sent.error());
  return reactor;
}

std::vector<streaming_method> image_builder_service::streaming() {
  return {{"/builder.ImageBuilder/Build", [this](stream_call& call) { build(call); }},
          {"/builder.ImageBuilder/Logs", [this](stream_call& call) { logs(call); }}};
}

void image_builder_service::build(stream_call& call) {
  auto stream = make_stream<build_stream>(call, build_house_);
  auto wish = parse_and_check<builder::BuildRequest>(call.request(), context_.rules);
  if (!wish) return stream->refuse(wish.error());
  wish->trace = trace_of(call);
  if (joins_at_once(*wish, *stream)) return;
  auto answer = std::make_shared<build_stream_answer>(std::move(stream));
  serve_build message{std::make_shared<const build_request>(std::move(*wish)), answer, false, {}};
  if (auto sent = to_gateway(std::move(message)); !sent) answer->refuse(sent.error());
}

void image_builder_service::logs(stream_call& call) {
  builder::LogsRequest wish;
  auto parsed = parse(call.request(), wish);
  auto stream = make_stream<log_stream>(call, log_house_, wish.censored());
  if (parsed && wish.build_id().empty() && wish.build_ref().empty())
    parsed = bad_field("build_ref", "is empty, and so is build_id; one of them says whose log to follow");
  if (!parsed) {
    stream->refuse(parsed.error());
  } else if (auto log = find_readable(*context_.board, wish.build_id(), wish.build_ref(), 0); log.channel) {
    stream->stream(std::move(log.channel), std::move(log.pin));
  } else {
    auto answer = std::make_shared<log_stream_answer>(std::move(stream));
    if (auto sent = to_gateway(serve_channel{wish.build_id(), wish.build_ref(), answer, 0}); !sent)
      answer->refuse(sent.error());
  }
}

grpc::ServerUnaryReactor* image_builder_service::ListBuilds(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer*,
                                                            grpc::ByteBuffer* response) {
  call_meter calls(&list_calls_);
  auto answer = list_.answer();
  response->Swap(&answer);
  return finish_now(*context, calls);
}

} // namespace ib
