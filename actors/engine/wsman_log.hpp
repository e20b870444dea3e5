#pragma once

#include "actors/build_channel.hpp"
#include "actors/engine/wsman_context.hpp"
#include "actors/engine/wsman_frames.hpp"
#include "actors/engine/wsman_messages.hpp"
#include "actors/engine/wsman_replay.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace ib {

/// Holds a stream back while too much of its output is not in the build's log. The thread of the streams
/// enters, the run leaves.
class stream_gate {
public:
  static constexpr size_t high = 256 * 1024;
  static constexpr size_t low = 64 * 1024;

  explicit stream_gate(size_t outstanding) : outstanding_(outstanding) {}

  /// False: not now; leave() will tell when.
  bool enter(size_t bytes);
  void add(size_t bytes) { outstanding_.fetch_add(bytes); }
  /// True where the stream that was held back is to be resumed.
  bool leave(size_t bytes);

private:
  std::atomic<size_t> outstanding_;
  std::atomic<bool> held_{false};
};

/// What the reader of a workspace's output tells the run that owns it.
struct log_events {
  std::function<void(std::string)> output;
  std::function<void(const std::string&)> note; ///< a line for the log that is no output
  std::function<void()> finished;               ///< nothing more will come
};

/// Reads the output of a headless workspace from its supervisor (spec: engines.md, "Logs"): asks for the
/// tasks until one has a terminal, then listens to it, again after each loss, and passes on what was not
/// passed on before. A part of the run's actor.
class wsman_log {
public:
  wsman_log(wsman_run_impl::pointer self, std::shared_ptr<wsman_context> context, log_events events);
  ~wsman_log();
  wsman_log(const wsman_log&) = delete;
  wsman_log& operator=(const wsman_log&) = delete;

  /// `taken` bytes were passed on by an earlier run; reading may begin.
  void begin(uint64_t taken);
  /// Where the supervisor is.
  void set_access(const log_access_ptr& access);
  /// So many bytes of what was passed on are in the build's log.
  void acknowledged(size_t bytes);
  /// The workspace has ended: what is left is read, but not for long.
  void end();
  /// Nothing more is wanted.
  void close();
  bool finished() const { return state_ == state::finished; }
  /// The last lines that were passed on.
  std::vector<std::string> last_lines() const;

  void take(const log_bytes& piece);
  void over(const log_over& end);
  void pause_over(const log_pause_over& m);
  void quiet(const log_is_quiet& m);

private:
  enum class state : uint8_t { idle, asking, listening, pausing, finished };

  void ask();
  void listen();
  void open(state next, const std::string& path);
  void drop_stream();
  void go_on();
  void pause(const std::string& why, std::chrono::milliseconds longest);
  void refused(int status);
  void take_tasks(const std::string& object);
  void take_frame(const std::string& object, std::string& out);
  void pass_on(std::string out);
  void warn_of_gap();
  void finish();

  wsman_run_impl::pointer self_;
  std::shared_ptr<wsman_context> context_;
  log_events events_;
  log_access_ptr access_; ///< null until it is known
  state state_ = state::idle;
  bool begun_ = false;
  bool ending_ = false;
  bool heard_ = false;        ///< a terminal could be listened to
  bool exited_ = false;       ///< it told its end
  std::string terminal_;      ///< to listen to; empty where it has to be asked for
  std::string last_terminal_; ///< that was listened to
  std::string last_trouble_;
  int refusals_ = 0;
  std::chrono::milliseconds next_pause_;
  uint64_t pause_turn_ = 0;
  uint64_t quiet_turn_ = 0;
  uint64_t number_ = 0; ///< of the stream that is open
  io::http_streams::stream_id stream_ = 0;
  std::shared_ptr<stream_gate> gate_; ///< of the stream that is open
  size_t unacknowledged_ = 0;
  object_splitter splitter_;
  replay_filter filter_;
};

} // namespace ib
