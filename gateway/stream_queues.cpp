#include "gateway/stream_queues.hpp"

#include "actors/io/log.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <new>
#include <utility>

namespace ib {

namespace {

/// One for each core: twice as many serve joins faster and fan-out more slowly (tests/bench). Not one alone,
/// since what a queue completes is looked for among all that is outstanding on it.
size_t queues_of_this_machine() { return std::clamp(std::thread::hardware_concurrency(), 2U, 8U); }

/// So many calls of a method may come before a thread has seen the first of them.
constexpr int awaited_at_once = 8;

/// So many calls of a method are on the callback API's queue at most: a search among a few hundred takes a
/// tenth of a microsecond.
constexpr int longest_near = 64;

grpc_completion_queue* queue_without_connections() {
  grpc_completion_queue_attributes kind{GRPC_CQ_CURRENT_VERSION, GRPC_CQ_NEXT, GRPC_CQ_NON_POLLING, nullptr};
  return grpc_completion_queue_create(grpc_completion_queue_factory_lookup(&kind), &kind, nullptr);
}

/// Tells each call what has happened to it, until the queue is shut down and empty.
void tell_all(grpc_completion_queue* completions) {
  for (;;) {
    auto event = grpc_completion_queue_next(completions, gpr_inf_future(GPR_CLOCK_REALTIME), nullptr);
    if (event.type == GRPC_QUEUE_SHUTDOWN) return;
    if (event.type != GRPC_OP_COMPLETE) continue;
    auto* news = static_cast<grpc_completion_queue_functor*>(event.tag);
    news->functor_run(news, event.success);
  }
}

} // namespace

/// A port that nobody listens on: the one place where a builder shows the server that it is about to start.
class stream_queues::entry final : public grpc::ServerCredentials {
public:
  explicit entry(stream_queues& queues) : queues_(queues) {}
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

private:
  int AddPortToServer(const std::string&, ::grpc_server* server) override {
    constexpr int any_port = 1;
    constexpr int failure = 0;
    return queues_.enter(server) ? any_port : failure;
  }

  stream_queues& queues_;
};

stream_queues::stream_queues(grpc::ServerBuilder& builder, std::vector<streaming_method> methods)
    : methods_(std::move(methods)), queues_(queues_of_this_machine()) {
  grpc_init();
  for (auto& queue : queues_)
    queue.completions = queue_without_connections();
  builder.AddListeningPort("streams", std::make_shared<entry>(*this));
}

stream_queues::~stream_queues() {
  close();
  grpc_shutdown();
}

bool stream_queues::enter(::grpc_server* server) {
  server_ = server;
  grpc_server_register_completion_queue(server, arrivals_.raw(), nullptr);
  for (const auto& queue : queues_)
    grpc_server_register_completion_queue(server, queue.completions, nullptr);
  for (const auto& [path, serve] : methods_) {
    auto* method = grpc_server_register_method(server, path.c_str(), nullptr,
                                               GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    if (method == nullptr) {
      io::log_error("a streaming method is served twice: its service does not leave it out",
                    {{"method", path}});
      return false;
    }
    doors_.emplace_back(method, serve);
  }
  return true;
}

void stream_queues::open() {
  for (auto& queue : queues_)
    queue.thread = std::thread(tell_all, queue.completions);
  for (auto& door : doors_)
    for (int n = 0; n < awaited_at_once; ++n)
      await_call(door);
}

void stream_queues::close() {
  // A call that is finished on a queue that was shut down would take the process with it.
  for (auto left = calls_->load(); left != 0; left = calls_->load())
    calls_->wait(left);
  for (auto& queue : std::exchange(queues_, {})) {
    grpc_completion_queue_shutdown(queue.completions);
    if (queue.thread.joinable())
      queue.thread.join();
    else
      tell_all(queue.completions); // never opened: the library wants it drained all the same
    grpc_completion_queue_destroy(queue.completions);
  }
}

void stream_queues::await_call(stream_door& door) {
  auto* call = new (std::nothrow) stream_call(*this, door);
  if (call == nullptr) return io::log_error("no memory to await another stream", {});
  ++*calls_;
  call->near_ = ++door.near <= longest_near;
  if (!call->near_) --door.near;
  auto* queue = call->near_ ? arrivals_.raw() : queues_[turn_++ % queues_.size()].completions;
  if (!call->await(server_, arrivals_.raw(), queue)) forget(call);
}

void stream_queues::forget(stream_call* call) {
  auto calls = calls_;
  if (call->near_) --call->door_.near;
  if (call->is_served_) --served_;
  delete call;
  --*calls;
  calls->notify_all();
}

} // namespace ib
