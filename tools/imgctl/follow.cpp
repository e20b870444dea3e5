#include "tools/imgctl/follow.hpp"

#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/options.hpp"
#include "tools/imgctl/text.hpp"

namespace ib::imgctl {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

bool is_terminal(builder::BuildStatus status) {
  return status == builder::done_success || status == builder::done_failure;
}

std::string come_back(const std::string& build_id, const std::string& address) {
  const auto where = address == default_address ? std::string() : " --address " + address;
  return "  its log:       imgctl" + where + " logs -f " + one_line(build_id) +
         "\n  join it again: the same imgctl build command";
}

/// A stream that ended before the build did.
failure lost(const stream_end& end, const std::string& address, const std::string& build_id) {
  if (build_id.empty() && !end.status.ok())
    return explain(end.status, {"cannot build", address, end.from_service});
  const auto words = end.status.ok() ? "the stream ended early" : one_line(end.status.error_message());
  failure f{exit_code::unavailable, "lost the build at " + address + ": " + words};
  if (build_id.empty()) {
    f.message += "; the same command joins it again";
  } else {
    f.message +=
        "\nthe service goes on with it, or takes it up again when it next runs (image-builder run):\n" +
        come_back(build_id, address);
  }
  return f;
}

} // namespace

void follower::on(const event& e, time_point now) {
  if (exit_) return;
  std::visit(overloaded{[&](const builder::BuildResponse& r) { on_response(r, now); },
                        [&](const log_bytes& bytes) {
                          last_sign_ = now;
                          output_.log(bytes.content, now);
                        },
                        [&](const build_ended& end) { on_build_end(end, now); },
                        [&](const log_ended& end) { on_log_end(end, now); }},
             e);
}

void follower::on_response(const builder::BuildResponse& response, time_point now) {
  if (over()) return;
  if (is_terminal(response.status())) {
    last_ = response;
    last_sign_ = now;
    return finish_if_drained(now);
  }
  if (build_id_.empty()) build_id_ = response.info().build_id();
  output_.running(response, now);
  if (build_id_.empty()) return;
  if (options_.detach) {
    output_.started(build_id_);
    return detach(now, static_cast<int>(exit_code::success));
  }
  if (log_ == log_state::none && output_.wants_log()) log_ = log_state::wished;
}

std::optional<std::string> follower::take_log_wish() {
  if (log_ != log_state::wished || exit_) return std::nullopt;
  log_ = log_state::open;
  return build_id_;
}

void follower::on_build_end(const stream_end& end, time_point now) {
  if (over()) return; // after the last response the manner of ending says nothing
  last_sign_ = now;
  loss_ = lost(end, options_.address, build_id_);
  finish_if_drained(now);
}

void follower::on_log_end(const stream_end& end, time_point now) {
  log_ = log_state::ended;
  // Where the connection broke, the end of the build's stream will say so, and better.
  const bool same_cause =
      loss_ || (!end.from_service && end.status.error_code() == grpc::StatusCode::UNAVAILABLE);
  if (!end.status.ok() && !same_cause)
    output_.notice(explain(end.status, {"the log ended early", options_.address, end.from_service}).message,
                   now);
  finish_if_drained(now);
}

void follower::on_tick(time_point now) {
  if (exit_) return;
  output_.tick(now);
  const auto patience = loss_ ? log_patience_after_loss : log_patience;
  if (!over() || now - last_sign_ < patience) return;
  output_.notice("the log did not come to its end", now);
  finish(now);
}

void follower::finish_if_drained(time_point now) {
  if (over() && log_ != log_state::open) finish(now);
}

void follower::finish(time_point now) {
  if (loss_) {
    output_.left("error: " + loss_->message, now);
    exit_ = static_cast<int>(loss_->code);
    return;
  }
  output_.finished(*last_, now);
  exit_ = static_cast<int>(last_->status() == builder::done_success ? exit_code::success : exit_code::failed);
}

void follower::on_signal(int number, time_point now) {
  if (exit_) return;
  if (over()) return finish(now); // only the rest of the log was missing
  detach(now, 128 + number);
}

void follower::detach(time_point now, int status) {
  exit_ = status;
  if (build_id_.empty())
    return output_.left(
        "stopped before the service answered; the same command joins the build if it was started", now);
  output_.left("detached, the build goes on:\n" + come_back(build_id_, options_.address), now);
}

} // namespace ib::imgctl
