#include "actors/engine/wsman_run.hpp"

#include "actors/ask.hpp"
#include "actors/domain/reference.hpp"
#include "actors/engine/wsman_credentials.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/words.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

constexpr const char* unavailable = "workspace services are currently unavailable";
constexpr int most_stop_steps = 5;

bool may_be_started_later(const error& why) {
  return why.code == error_code::unavailable || why.code == error_code::deadline_exceeded;
}

} // namespace

void wsman_run_work::begin(std::shared_ptr<wsman_context> context, wsman_run_order order) {
  context_ = std::move(context);
  order_ = std::move(order);
  log_ = std::make_unique<wsman_log>(self_, context_,
                                     log_events{[this](std::string bytes) {
                                                  const auto& piece = backlog_.add(
                                                      std::make_shared<const std::string>(std::move(bytes)));
                                                  tell(run_output{order_.attempt, piece.offset, piece.bytes});
                                                },
                                                [this](const std::string& line) {
                                                  tell(run_note{order_.attempt, line});
                                                },
                                                [this] { tell_end_when_complete(); }});
  if (!order_.attach) begin_anew();
}

void wsman_run_work::begin_anew() {
  enter(build_state::preparing, "asking for a workspace");
  gather_credentials(*context_->credentials, *order_.plan, context_->ecr_domain,
                     [run = wsman_run_impl(self_)](std::shared_ptr<const from_credentials> found) {
                       caf::anon_send(run, credentials_gathered{std::move(found)});
                     });
}

// --- the build ---

void wsman_run_work::subscribe(const subscribe_run& wish) {
  listener_ = caf::actor_cast<build_actor>(wish.listener);
  self_->monitor(listener_);
  bool first = !std::exchange(subscribed_, true);
  if (first)
    backlog_ = run_backlog(wish.raw_offset);
  else
    acknowledge(wish.raw_offset);
  if (access_told_) tell(run_log_access{order_.attempt, access_});
  if (phase_) {
    auto again = *phase_;
    again.replayed = true;
    tell(std::move(again));
  }
  for (const auto& piece : backlog_.pieces())
    tell(run_output{order_.attempt, piece.offset, piece.bytes});
  if (end_) tell(*end_);
  if (!first) return;
  log_->begin(wish.raw_offset);
  if (auto early = std::exchange(early_, nullptr)) seen({std::move(early)});
  if (gone_early_) gone();
}

void wsman_run_work::acknowledge(uint64_t raw_offset) {
  if (auto let_go = backlog_.acknowledge(raw_offset); let_go > 0) log_->acknowledged(let_go);
}

template <class Message>
void wsman_run_work::tell(Message message) {
  if (listener_) self_->send(listener_, std::move(message));
}

void wsman_run_work::enter(build_state phase, const std::string& words) {
  // A build's phases do not go back, whatever becomes of its workspace.
  if (phase_ && phase < phase_->phase) phase = phase_->phase;
  if (phase_ && phase_->phase == phase && phase_->message == words) return;
  phase_ = run_phase{order_.attempt, phase, words, false, up_};
  tell(*phase_);
}

// --- the start of the workspace ---

void wsman_run_work::gathered(const credentials_gathered& m) {
  credentials_ = m.credentials;
  start();
}

void wsman_run_work::start() {
  if (how_ || up_ || stopping_ || start_under_way_) return;
  ++starts_;
  start_under_way_ = true;
  context_->manager->start(order_.plan, *credentials_,
                           [run = wsman_run_impl(self_)](result<started_workspace> answer) {
                             caf::anon_send(run, start_answered{std::move(answer)});
                           });
}

void wsman_run_work::answered(const start_answered& m) {
  start_under_way_ = false;
  if (how_) return;
  if (m.answer) {
    if (!up_) become_up(m.answer->existed);
    learn_access(m.answer->url, m.answer->owner_token, false);
  } else if (!up_ && !stopping_) {
    return start_failed(m.answer.error());
  }
  if (stopping_) stop_workspace();
}

void wsman_run_work::start_failed(const error& why) {
  if (!may_be_started_later(why))
    return fail(fault_class::infrastructure, "cannot start the build's workspace: " + why.message);
  if (starts_ > context_->timing.start_retries) return fail(fault_class::infrastructure, unavailable);
  auto pause = context_->timing.start_step * starts_;
  enter(build_state::preparing,
        std::string(unavailable) + ", trying again in " + in_words(pause.count()) + " (" + why.message + ")");
  self_->delayed_send(self_, pause, start_again{});
}

void wsman_run_work::become_up(bool unseen) {
  up_ = true;
  credentials_.reset();
  enter(build_state::preparing, "the build's workspace is requested");
  // Where the engine restarts its successor looks for all runs.
  if (auto engine = find_actor<engine_actor>(self_->system(), names::engine))
    self_->send(caf::actor_cast<wsman_engine_impl>(engine), workspace_is_up{id(), unseen});
}

// --- what ws-manager tells ---

void wsman_run_work::seen(const workspace_seen& m) {
  if (!subscribed_) {
    early_ = m.status;
    return;
  }
  if (over_ || how_ || (last_version_ && !is_news(*last_version_, *m.status))) return;
  const auto& status = *m.status;
  last_version_ = status.version;
  timeout_ = status.timeout;
  if (!up_) become_up(false);
  auto verdict = verdict_of(status);
  learn_access(status.url, status.owner_token, verdict.phase == build_state::preparing);
  if (verdict.ended) return workspace_ended(std::move(verdict.failure));
  enter(verdict.phase, verdict.words);
}

/// A workspace without a token may still get one while it is made.
void wsman_run_work::learn_access(const std::string& url, const std::string& owner_token,
                                  bool token_may_come) {
  auto known = access_ ? *access_ : log_access{};
  if (!url.empty()) known.url = url;
  if (!owner_token.empty()) known.owner_token = owner_token;
  bool is_new = !access_ || known != *access_;
  if (!is_new && access_told_) return;
  if (is_new) access_ = std::make_shared<const log_access>(std::move(known));
  if (access_->url.empty() || (access_->owner_token.empty() && token_may_come)) return;
  access_told_ = true;
  tell(run_log_access{order_.attempt, access_});
  log_->set_access(access_);
}

void wsman_run_work::workspace_ended(std::optional<run_failed> failure) {
  over_ = true;
  log_->end();
  if (stopping_) return fail(fault_class::infrastructure, "the build was stopped");
  if (failure) return decide(std::move(*failure));
  enter(build_state::verifying, "looking for the workspace image");
  verify();
}

void wsman_run_work::gone() {
  if (!subscribed_) {
    gone_early_ = true;
    return;
  }
  if (over_ || how_) return;
  // One that is still to be started, or whose start got no answer, is no end: its next start tells.
  if (!order_.attach && !up_) return;
  // Until it is known that it never began, nothing is said of its end.
  if (order_.may_not_have_begun && !up_ && !stopping_) return verify();
  workspace_ended(std::nullopt);
}

// --- its image ---

void wsman_run_work::verify() {
  if (how_) return;
  auto ref = parse_reference(order_.plan->workspace_ref);
  if (!ref) return fail(fault_class::infrastructure, ref.error().message);
  auto resolver = find_actor<resolver_actor>(self_->system(), names::resolver);
  if (!resolver) return look_again({error_code::unavailable, "the resolver is restarting", "", {}});
  take_answer<image_answer>(
      self_,
      self_->request(resolver, ask_timeout, find_image{{*ref, {}, registry_purpose::own_image, true, {}}}),
      [this](const image_answer& answer) { looked(answer); },
      [this](const caf::error&) {
        look_again({error_code::unavailable, "the resolver did not answer", "", {}});
      });
}

void wsman_run_work::looked(const image_answer& answer) {
  if (how_) return;
  // An image of before says nothing about a rebuild that may not have begun.
  if (answer.image && (over_ || !order_.plan->force_rebuild)) {
    enter(build_state::verifying, "the workspace image is in the registry");
    over_ = true;
    log_->end();
    return decide(run_succeeded{});
  }
  if (!answer.image && answer.image.error().code != error_code::not_found)
    return look_again(answer.image.error());
  if (!over_) return begin_anew();
  decide(no_image_failure(timeout_));
}

void wsman_run_work::look_again(const error& why) {
  auto now = self_->clock().now();
  if (!verify_until_) verify_until_ = now + context_->timing.verify_patience;
  if (now >= *verify_until_)
    return fail(fault_class::infrastructure,
                "cannot tell whether the build has made a workspace image: " + why.message);
  auto pause = context_->timing.verify_pause;
  if (why.retry_after_ms) pause = std::max(pause, std::chrono::milliseconds(*why.retry_after_ms));
  auto until = io::utc_text(io::unix_ms_now() + pause.count());
  auto ref = parse_reference(order_.plan->workspace_ref);
  if (over_)
    enter(build_state::verifying, "waiting for " + (ref ? ref->domain : "the registry") + " until " + until +
                                      " (" + why.message + ")");
  self_->delayed_send(self_, pause, verify_again{});
}

// --- the end ---

void wsman_run_work::stop() {
  if (how_ || std::exchange(stopping_, true)) return;
  if (over_ || (!order_.attach && starts_ == 0)) {
    fail(fault_class::infrastructure, "the build was stopped");
    return log_->close();
  }
  self_->delayed_send(self_, context_->timing.stop_patience, stop_is_late{});
  // The answer to a start that is under way comes first.
  if (!start_under_way_) stop_workspace();
}

void wsman_run_work::stop_workspace() {
  if (how_ || over_) return;
  ++stops_;
  context_->manager->stop(id(), [run = wsman_run_impl(self_)](result<void> answer) {
    caf::anon_send(run, stop_answered{std::move(answer)});
  });
}

void wsman_run_work::stopped(const stop_answered& m) {
  if (how_ || over_) return;
  if (!m.answer && m.answer.error().code == error_code::not_found) return workspace_ended(std::nullopt);
  // Also where it is accepted: that the workspace is gone is told by the next answer, if by nobody else.
  self_->delayed_send(self_, context_->timing.stop_step * std::min(stops_, most_stop_steps), stop_again{});
}

void wsman_run_work::stop_too_late() {
  if (how_) return;
  log_of("house/engine/" + id(), id(), order_.plan->trace)
      .warning("ws-manager does not end a workspace that is to stop");
  fail(fault_class::infrastructure, "ws-manager did not end the build's workspace");
}

void wsman_run_work::fail(fault_class fault, const std::string& message) {
  decide(run_failed{fault, message});
}

void wsman_run_work::decide(build_event how) {
  if (how_) return;
  how_ = std::move(how);
  // Where the workspace has ended its last output is awaited; else there is none or nobody wants it.
  if (!over_) log_->close();
  tell_end_when_complete();
}

void wsman_run_work::tell_end_when_complete() {
  if (!how_ || end_ || !log_->finished()) return;
  if (auto* failure = std::get_if<run_failed>(&*how_)) {
    // ws-manager does not start a workspace of the same id again, and starts were tried again already.
    failure->final = true;
    failure->where.last_lines = log_->last_lines();
    // Clients look for these words: neither the resolved base nor the request's own source serves.
    if (!order_.plan->gone_base.empty())
      failure->message += "; base image does not exist: " + order_.plan->gone_base;
  }
  end_ = run_ended{order_.attempt, *how_};
  tell(*end_);
  self_->delayed_send(self_, context_->timing.abandon, abandon_workspace_run{});
}

wsman_run_impl::behavior_type wsman_run(wsman_run_impl::stateful_pointer<wsman_run_state> self,
                                        std::shared_ptr<wsman_context> context, wsman_run_order order) {
  auto* work = &self->state.work;
  const auto path = "house/engine/" + order.plan->build_id;
  auto seen = enter_board(self, "wsman_run", path, log_of(path, order.plan->build_id, order.plan->trace));
  // The house is closing: what follows of the workspace is the next process's.
  self->set_down_handler([self](const caf::down_msg& down) {
    if (down.reason == caf::exit_reason::user_shutdown) self->quit();
  });
  work->begin(std::move(context), std::move(order));
  return seen.observe(
      [work](const subscribe_run& wish) { work->subscribe(wish); },
      [work](const acknowledge_output& m) { work->acknowledge(m.raw_offset); },
      [work](const stop_run&) { work->stop(); }, [self](const release_run&) { self->quit(); },
      [work](const workspace_seen& m) { work->seen(m); }, [work](const workspace_gone&) { work->gone(); },
      [work](const credentials_gathered& m) { work->gathered(m); },
      [work](const start_answered& m) { work->answered(m); }, [work](const start_again&) { work->start(); },
      [work](const stop_answered& m) { work->stopped(m); },
      [work](const stop_again&) { work->stop_workspace(); },
      [work](const stop_is_late&) { work->stop_too_late(); }, [work](const verify_again&) { work->verify(); },
      [self](const abandon_workspace_run&) { self->quit(); },
      [work](const log_bytes& m) { work->log().take(m); }, [work](const log_over& m) { work->log().over(m); },
      [work](const log_pause_over& m) { work->log().pause_over(m); },
      [work](const log_is_quiet& m) { work->log().quiet(m); },
      [work](const log_drained&) { work->log().close(); });
}

} // namespace ib
