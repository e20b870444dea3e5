#include "gateway/callback_queue.hpp"

#include "gateway/ticker.hpp"

#include <grpcpp/completion_queue.h>
#include <grpcpp/version_info.h>

#include <chrono>
#include <optional>

namespace ib {

namespace {

grpc::CompletionQueue* take_queue();
void give_back(grpc::CompletionQueue* queue);

static_assert(GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR == 51,
              "look whether this is the queue of the callback API in this version of gRPC, too");

/// The library counts the users of this queue in two private functions. The language lets an explicit
/// instantiation name what is private, and that is the one way to them.
template <auto Take, auto GiveBack>
struct way_in {
  friend grpc::CompletionQueue* take_queue() { return Take(); }
  friend void give_back(grpc::CompletionQueue* queue) { GiveBack(queue); }
};
template struct way_in<&grpc::CompletionQueue::CallbackAlternativeCQ,
                       &grpc::CompletionQueue::ReleaseCallbackAlternativeCQ>;

} // namespace

class callback_queue::pulse {
public:
  explicit pulse(grpc_completion_queue* queue)
      : channel_(grpc_lame_client_channel_create("nobody", GRPC_STATUS_UNAVAILABLE, "")),
        call_(grpc_channel_create_call(channel_, nullptr, 0, queue, grpc_slice_from_static_string("/"),
                                       nullptr, gpr_inf_future(GPR_CLOCK_REALTIME), nullptr)) {}
  ~pulse() {
    beat_.reset();
    grpc_call_unref(call_);
    grpc_channel_destroy(channel_);
  }
  pulse(const pulse&) = delete;
  pulse& operator=(const pulse&) = delete;

private:
  static constexpr std::chrono::milliseconds interval{500};

  struct nothing : grpc_completion_queue_functor {
    nothing() : grpc_completion_queue_functor{} {
      functor_run = [](grpc_completion_queue_functor* self, int) { delete static_cast<nothing*>(self); };
    }
  };

  grpc_channel* channel_;
  grpc_call* call_;
  std::optional<ticker> beat_{std::in_place, interval, "cannot keep gRPC's threads awake",
                              [this] { grpc_call_start_batch(call_, nullptr, 0, new nothing, nullptr); }};
};

callback_queue::callback_queue() : queue_(take_queue()), pulse_(std::make_unique<pulse>(queue_->cq())) {}

callback_queue::~callback_queue() {
  pulse_.reset();
  give_back(queue_);
}

grpc_completion_queue* callback_queue::raw() const { return queue_->cq(); }

} // namespace ib
