#include "gateway/builds_service.hpp"

#include "gateway/answers.hpp"
#include "gateway/build_resources.hpp"
#include "gateway/builds_requests.hpp"
#include "gateway/find_build.hpp"
#include "gateway/gateway_link.hpp"
#include "gateway/log_read_stream.hpp"
#include "gateway/page_token.hpp"
#include "gateway/unary_call.hpp"
#include "gateway/watch_stream.hpp"
#include "gateway/wire.hpp"

#include <google/protobuf/arena.h>

#include <utility>

namespace ib {

namespace v1 = imagebuilder::v1;

namespace {

/// Parses, checks and translates a request.
template <class Request>
auto read_request(const grpc::ByteBuffer& bytes) {
  return parse_and<Request>(bytes, [](const Request& request) { return translate(request); });
}

/// Answers a unary call with what was found, in the words of the wire.
template <class Found, class Words>
class translated_answer final : public house_answer<Found> {
public:
  translated_answer(std::shared_ptr<unary_call> call, Words words)
      : call_(std::move(call)), words_(std::move(words)) {}
  void found(const Found& what) override { call_->answer(words_(what)); }
  void refuse(const error& why) override { call_->refuse(why); }

private:
  std::shared_ptr<unary_call> call_;
  Words words_;
};

template <class Found, class Words>
std::shared_ptr<house_answer<Found>> answer_with(std::shared_ptr<unary_call> call, Words words) {
  return std::make_shared<translated_answer<Found, Words>>(std::move(call), std::move(words));
}

std::shared_ptr<house_answer<build_description>> build_answer_of(std::shared_ptr<unary_call> call) {
  return answer_with<build_description>(std::move(call), [](const build_description& build) {
    v1::Build told;
    to_wire(view_of(build), told);
    return told;
  });
}

} // namespace

builds_service::builds_service(caf::actor_system& system, std::shared_ptr<running_builds_board> board,
                               const stream_house& house)
    : system_(system),
      board_(std::move(board)),
      house_(house),
      counts_(*house_.meter, "imagebuilder.v1.Builds"),
      get_calls_(counts_.of("GetBuild")),
      list_calls_(counts_.of("ListBuilds")),
      cancel_calls_(counts_.of("CancelBuild")),
      watch_house_(house_.counted_by(counts_.of("WatchBuild"))),
      log_house_(house_.counted_by(counts_.of("ReadLog"))) {}

grpc::ServerUnaryReactor* builds_service::GetBuild(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  call_meter calls(&get_calls_);
  if (auto ready = ready_.find(*request)) {
    response->Swap(&*ready);
    return finish_now(*context, calls);
  }
  auto id = read_request<v1::GetBuildRequest>(*request);
  if (auto channel = id ? find_running(*board_, *id) : nullptr; channel && !end_is_untold(*channel)) {
    // Few allocations: this is asked for again and again by who waits for a build.
    google::protobuf::Arena words;
    auto& build = *google::protobuf::Arena::CreateMessage<v1::Build>(&words);
    const auto view = view_of(*channel);
    to_wire(view, build);
    *response = serialize(build);
    ready_.keep(*request, channel, view, *response);
    return finish_now(*context, calls);
  }
  auto call = std::make_shared<unary_call>(response, calls);
  auto* reactor = call->reactor();
  if (!id)
    call->refuse(id.error());
  else if (auto sent = send_to_gateway(system_, house_, serve_description{*id, build_answer_of(call)}); !sent)
    call->refuse(sent.error());
  return reactor;
}

grpc::ServerUnaryReactor* builds_service::ListBuilds(grpc::CallbackServerContext*,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  auto call = std::make_shared<unary_call>(response, call_meter(&list_calls_));
  auto* reactor = call->reactor();
  auto filter = read_request<v1::ListBuildsRequest>(*request);
  if (!filter) {
    call->refuse(filter.error());
    return reactor;
  }
  auto answer = answer_with<build_page>(call, [board = board_, filter = *filter](const build_page& page) {
    v1::ListBuildsResponse list;
    for (const auto& summary : page.builds) {
      auto& build = *list.add_builds();
      to_wire(view_of(summary), build);
      auto channel = summary.ended_ms == 0 ? find_running(*board, summary.build_id) : nullptr;
      if (auto* latest = channel ? channel->latest() : nullptr) add_latest(*latest, build);
    }
    if (page.next) list.set_next_page_token(make_page_token(*page.next, filter));
    return list;
  });
  if (auto sent = send_to_gateway(system_, house_, serve_page{std::move(*filter), std::move(answer)}); !sent)
    call->refuse(sent.error());
  return reactor;
}

std::vector<streaming_method> builds_service::streaming() {
  return {{"/imagebuilder.v1.Builds/WatchBuild", [this](stream_call& call) { watch_build(call); }},
          {"/imagebuilder.v1.Builds/ReadLog", [this](stream_call& call) { read_log(call); }}};
}

void builds_service::watch_build(stream_call& call) {
  auto stream = make_stream<watch_stream>(call, watch_house_);
  auto id = read_request<v1::WatchBuildRequest>(call.request());
  if (!id)
    stream->refuse(id.error());
  else if (auto channel = find_running(*board_, *id))
    stream->stream(std::move(channel));
  else
    ask_journal(stream, *id, {});
}

void builds_service::read_log(stream_call& call) {
  auto wish = read_request<v1::ReadLogRequest>(call.request());
  auto stream = make_stream<log_read_stream>(call, log_house_, wish ? *wish : log_wish{});
  if (!wish)
    stream->refuse(wish.error());
  else if (auto log = find_readable(*board_, wish->build_id, {}, wish->offset); log.channel)
    stream->stream(std::move(log.channel), std::move(log.pin));
  else
    ask_journal(stream, wish->build_id, wish->offset);
}

grpc::ServerUnaryReactor* builds_service::CancelBuild(grpc::CallbackServerContext*,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  auto call = std::make_shared<unary_call>(response, call_meter(&cancel_calls_));
  auto* reactor = call->reactor();
  auto wish = read_request<v1::CancelBuildRequest>(*request);
  if (!wish)
    call->refuse(wish.error());
  else if (auto sent =
               send_to_gateway(system_, house_, serve_cancel{std::move(*wish), build_answer_of(call)});
           !sent)
    call->refuse(sent.error());
  return reactor;
}

/// It has the channel of a build that does not run, and what is not in memory of a log.
void builds_service::ask_journal(const std::shared_ptr<pull_stream>& stream, const std::string& build_id,
                                 std::optional<uint64_t> log_from) const {
  auto answer = std::make_shared<log_stream_answer>(stream);
  if (auto sent = send_to_gateway(system_, house_, serve_channel{build_id, {}, answer, log_from}); !sent)
    answer->refuse(sent.error());
}

} // namespace ib
