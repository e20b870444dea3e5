#pragma once

#include "actors/domain/rare.hpp"
#include "actors/engine/run_backlog.hpp"
#include "actors/engine/wsman_context.hpp"
#include "actors/engine/wsman_log.hpp"
#include "actors/engine/wsman_messages.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ib {

/// What a run begins with.
struct wsman_run_order {
  std::shared_ptr<const build_plan> plan;
  int attempt = 1;
  /// The workspace was started before, by an earlier process or actor: it is followed, not started.
  bool attach = false;
  /// With `attach`: it may never have come to be started; where it is unknown it is.
  bool may_not_have_begun = false;
};

/// One build on ws-manager: starts its workspace, follows what ws-manager tells of it, reads its output, and
/// at its end looks for the image. The workspace lives on its own: this actor may crash, and its successor
/// goes on.
class wsman_run_work {
public:
  explicit wsman_run_work(wsman_run_impl::pointer self) : self_(self) {}

  void begin(std::shared_ptr<wsman_context> context, wsman_run_order order);
  void subscribe(const subscribe_run& wish);
  void acknowledge(uint64_t raw_offset);
  void stop();

  void gathered(const credentials_gathered& m);
  void start();
  void answered(const start_answered& m);
  void seen(const workspace_seen& m);
  void gone();
  void stop_workspace();
  void stopped(const stop_answered& m);
  void stop_too_late();
  void verify();
  wsman_log& log() { return *log_; }

private:
  void begin_anew();
  void start_failed(const error& why);
  void become_up(bool unseen);
  void learn_access(const std::string& url, const std::string& owner_token, bool token_may_come);
  void workspace_ended(std::optional<run_failed> failure);
  void looked(const image_answer& answer);
  void look_again(const error& why);
  void enter(build_state phase, const std::string& words);
  void fail(fault_class fault, const std::string& message);
  void decide(build_event how);
  void tell_end_when_complete();
  template <class Message>
  void tell(Message message);
  const std::string& id() const { return order_.plan->build_id; }

  wsman_run_impl::pointer self_;
  std::shared_ptr<wsman_context> context_;
  wsman_run_order order_;
  build_actor listener_;
  run_backlog backlog_;
  bool subscribed_ = false;
  std::shared_ptr<const workspace_status> early_; ///< told before the build subscribed
  bool gone_early_ = false;
  std::unique_ptr<wsman_log> log_;
  std::shared_ptr<const from_credentials> credentials_; ///< until the workspace is up
  int starts_ = 0;
  bool start_under_way_ = false;
  bool up_ = false;   ///< the workspace runs, as far as is known
  bool over_ = false; ///< it has ended
  bool stopping_ = false;
  int stops_ = 0;
  std::optional<uint64_t> last_version_; ///< of the newest status that was told
  std::string timeout_;                  ///< what that says of it
  log_access_ptr access_;
  bool access_told_ = false;
  std::optional<caf::actor_clock::time_point> verify_until_;
  std::optional<run_phase> phase_;
  rare<build_event> how_; ///< the end, once it is known
  rare<run_ended> end_;   ///< as it was told
};

struct wsman_run_state {
  explicit wsman_run_state(wsman_run_impl::pointer self) : work(self) {}
  wsman_run_work work;
};

wsman_run_impl::behavior_type wsman_run(wsman_run_impl::stateful_pointer<wsman_run_state> self,
                                        std::shared_ptr<wsman_context> context, wsman_run_order order);

} // namespace ib
