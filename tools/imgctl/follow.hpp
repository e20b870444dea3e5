#pragma once

#include "tools/imgctl/event_queue.hpp"
#include "tools/imgctl/outcome.hpp"
#include "tools/imgctl/output.hpp"

#include <optional>
#include <string>

namespace ib::imgctl {

/// What the user wants of a followed build.
struct follow_options {
  std::string address; ///< of the service
  bool detach = false;
};

/// How long after the last sign of life the log may lag behind the end of its build.
inline constexpr std::chrono::seconds log_patience{60};

/// How long after the loss of the build's stream the log may still bring what is on its way.
inline constexpr std::chrono::seconds log_patience_after_loss{2};

/// Decides what the events of a followed build mean: when the log is to be fetched, what is shown, when it is
/// over and with which exit code. Pure: no threads, no clock; events and times are passed in.
class follower {
public:
  follower(follow_options options, build_output& output) : options_(std::move(options)), output_(output) {}

  void on(const event& e, time_point now);
  /// Ctrl-C, or another wish to leave; `number` is the signal's.
  void on_signal(int number, time_point now);
  void on_tick(time_point now);

  /// The id of the build whose log is to be fetched now. Says so once.
  std::optional<std::string> take_log_wish();

  /// Set when it is over; everything has been shown.
  const std::optional<int>& exit_status() const { return exit_; }

private:
  enum class log_state { none, wished, open, ended };

  void on_response(const builder::BuildResponse& response, time_point now);
  void on_build_end(const stream_end& end, time_point now);
  void on_log_end(const stream_end& end, time_point now);
  void finish_if_drained(time_point now);
  void finish(time_point now);
  void detach(time_point now, int status);

  bool over() const { return last_ || loss_; }

  follow_options options_;
  build_output& output_;
  std::string build_id_;
  log_state log_ = log_state::none;
  std::optional<builder::BuildResponse> last_; ///< the terminal response
  std::optional<failure> loss_;                ///< the stream ended without one
  time_point last_sign_{};                     ///< of the log, or the end of the build
  std::optional<int> exit_;
};

} // namespace ib::imgctl
