#include "actors/house.hpp"

#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/restart_cause.hpp"

#include <caf/actor.hpp>
#include <caf/send.hpp>
#include <prometheus/counter.h>

#include <utility>

namespace ib {

namespace {

struct start_child {
  size_t index = 0;
};
/// The child that is being ended has had its time.
struct stop_waiting {
  size_t index = 0;
};

struct child {
  child_spec spec;
  caf::strong_actor_ptr actor; ///< null between a crash and the restart
  restart_policy policy;
};

class housekeeping {
public:
  housekeeping(caf::event_based_actor* self, std::vector<child_spec> specs, restart_limits limits,
               std::shared_ptr<service_health> health, std::shared_ptr<metrics> meter)
      : self_(self), limits_(limits), health_(std::move(health)), meter_(std::move(meter)) {
    for (auto& spec : specs) {
      meter_->restarts(caf::to_string(spec.name), "crash"); // there from the start, with 0
      children_.push_back({std::move(spec), nullptr, restart_policy(limits)});
    }
    for (size_t i = 0; i < children_.size(); ++i)
      start(i);
  }

  void start(size_t index) {
    if (closing_) return;
    auto& who = children_[index];
    try {
      who.actor = who.spec.start(self_->system());
    } catch (...) { // the machine has no thread left
      return restart(index, caf::make_error(caf::sec::runtime_error, what_of(std::current_exception())));
    }
    self_->system().registry().put(who.spec.name, who.actor);
    self_->monitor(caf::actor_cast<caf::actor>(who.actor));
    if (who.spec.vital) health_->ready(caf::to_string(who.spec.name));
  }

  void is_down(const caf::down_msg& down) {
    for (size_t i = 0; i < children_.size(); ++i) {
      auto& who = children_[i];
      if (!who.actor || who.actor->address() != down.source) continue;
      self_->system().registry().erase(who.spec.name);
      who.actor = nullptr;
      if (!closing_) return restart(i, down.reason);
      if (i + 1 == left_) has_ended(i);
    }
  }

  void close() {
    if (std::exchange(closing_, true)) return;
    left_ = children_.size();
    end_last();
  }

  void stop_waiting(size_t index) {
    if (index + 1 != left_) return;
    auto& who = children_[index];
    log_of("house/" + caf::to_string(who.spec.name)).warning("an actor does not end in time");
    who.actor = nullptr;
    // Those it supervises are still its own to end.
    left_ = index;
    end_last();
  }

private:
  void restart(size_t index, const caf::error& reason) {
    auto& who = children_[index];
    auto now = std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now().time_since_epoch())
                   .count();
    auto delay_ms = who.policy.on_crash(now).value_or(limits_.max_delay_ms);
    auto name = caf::to_string(who.spec.name);
    auto cause = self_->system().render(reason);
    if (who.spec.vital) health_->not_ready(name, "is being restarted after a crash: " + cause);
    meter_->restarts(name, restart_cause(reason)).Increment();
    log_of("house/" + name)
        .error("restarting actor", {{"cause", cause}, {"delay_ms", std::to_string(delay_ms)}});
    self_->delayed_send(self_, std::chrono::milliseconds(delay_ms), start_child{index});
  }

  /// Ends the last child that has not been ended yet.
  void end_last() {
    if (left_ == 0) return self_->quit();
    auto index = left_ - 1;
    auto& who = children_[index];
    self_->system().registry().erase(who.spec.name);
    if (!who.actor) return has_ended(index);
    caf::anon_send_exit(caf::actor_cast<caf::actor>(who.actor), caf::exit_reason::user_shutdown);
    self_->delayed_send(self_, end_patience, ib::stop_waiting{index});
  }

  void has_ended(size_t index) {
    if (children_[index].spec.end_orphans) children_[index].spec.end_orphans();
    left_ = index;
    end_last();
  }

  caf::event_based_actor* self_;
  std::vector<child> children_;
  restart_limits limits_;
  std::shared_ptr<service_health> health_;
  std::shared_ptr<metrics> meter_;
  bool closing_ = false;
  size_t left_ = 0; ///< children that have not ended, while closing
};

} // namespace

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_waiting)

namespace ib {

caf::behavior house(caf::event_based_actor* self, std::vector<child_spec> specs, restart_limits limits,
                    std::shared_ptr<service_health> health, std::shared_ptr<metrics> meter) {
  auto seen = enter_board(self, "house", "house");
  auto work =
      std::make_shared<housekeeping>(self, std::move(specs), limits, std::move(health), std::move(meter));
  self->set_down_handler([work](caf::down_msg& down) { work->is_down(down); });
  return seen.observe([work](const start_child& m) { work->start(m.index); }, [](const await_house&) {},
                      [work](const stop_house&) { work->close(); },
                      [work](const stop_waiting& m) { work->stop_waiting(m.index); });
}

} // namespace ib
