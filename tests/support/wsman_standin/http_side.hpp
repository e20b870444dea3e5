#pragma once

#include "tests/support/wsman_standin/book.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ib::standin {

/// What a listener of a terminal is sent before what follows.
enum class replay : uint8_t { all, nothing, last_bytes };

/// How connections to a terminal are ended.
enum class parting : uint8_t {
  finish,    ///< as if the terminal had ended: the last chunk, then the end of the connection
  close,     ///< the connection ends in the middle
  reset,     ///< by a reset
  mid_frame, ///< half a frame, then the connection ends
};

/// The supervisors of all workspaces: `/<workspace>/_supervisor/v1/…` by plain HTTP on one port. All members
/// may be called on any thread; they return when it is done.
class http_side {
public:
  explicit http_side(book& what);
  ~http_side();
  http_side(const http_side&) = delete;
  http_side& operator=(const http_side&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Declares a terminal; from then on the tasks name it, in the order of the calls.
  void add_terminal(const std::string& workspace, const std::string& terminal);
  /// A task that has no terminal yet.
  void add_bare_task(const std::string& workspace);
  /// Output: kept for later listeners and sent to those of now.
  void write(const std::string& workspace, const std::string& terminal, const std::string& bytes);
  /// Something else than output, to the listeners of now; as it is.
  void send_raw(const std::string& workspace, const std::string& terminal, const std::string& text);
  /// The terminal ends: its listeners, also the later ones, are told and sent away.
  void exit(const std::string& workspace, const std::string& terminal, int code);
  void part(const std::string& workspace, const std::string& terminal, parting how);
  void set_replay(const std::string& workspace, replay how, size_t bytes);
  /// Frames are sent in chunks of so many bytes; 0: each in one.
  void set_cut(const std::string& workspace, size_t bytes);
  /// The next answers below `what` ("tasks" or "listen"): a status, 0 to end the connection instead.
  void script(const std::string& workspace, const std::string& what, const std::vector<int>& statuses);
  /// Workspaces that nothing was said of have a terminal, too.
  void set_auto_terminal(bool on);
  /// Every terminal prints a line of so many bytes every so many milliseconds, not all at once; 0 ends it.
  void set_live(size_t line_bytes, int every_ms);

private:
  struct terminal {
    std::string history;
    bool ended = false;
    int exit_code = 0;
  };
  struct supervisor {
    std::map<std::string, terminal> terminals;
    std::vector<std::string> tasks; ///< the terminal of each, empty where it has none yet
    replay how = replay::all;
    size_t replay_bytes = 0;
    size_t cut = 0;
    std::map<std::string, std::deque<int>> scripts;
  };
  struct connection {
    int fd = -1;
    std::string in;
    std::string out;
    bool listens = false;
    bool ends_when_sent = false;
    std::string workspace;
    std::string terminal;
  };

  static void add_to(supervisor& who, const std::string& name);
  supervisor& supervisor_of(const std::string& workspace);
  void run();
  void in_loop(const std::function<void()>& work);
  void take_work();
  void accept_all();
  void read(connection& from);
  void flush(connection& to);
  void close(connection& which);
  void answer(connection& to, const std::string& target, const std::string& token);
  void answer_tasks(connection& to, const std::string& workspace, const supervisor& who);
  void answer_listen(connection& to, const std::string& workspace, const std::string& name);
  static void respond(connection& to, int status, const std::string& body);
  void send_frame(connection& to, const std::string& frame, size_t cut);
  void send_output(connection& to, const std::string& bytes, size_t cut);
  void finish(connection& to);
  void detach(connection& which);
  std::vector<connection*> listeners(const std::string& workspace, const std::string& terminal);
  /// Many, as ten thousand people do not print at the same moment: one burst would be the next one's latency.
  static constexpr uint64_t live_slices = 500;
  void print_live();

  book& book_;
  int listener_ = -1;
  int poller_ = -1;
  int bell_ = -1;
  int port_ = 0;
  std::map<int, std::unique_ptr<connection>> connections_;
  std::map<std::pair<std::string, std::string>, std::vector<connection*>> listening_;
  std::map<std::string, supervisor> supervisors_;
  bool auto_terminal_ = false;
  size_t live_bytes_ = 0;
  int live_every_ms_ = 0;
  uint64_t live_turns_ = 0;
  std::string live_last_; ///< the workspace that printed last
  std::mutex work_mutex_;
  std::vector<std::function<void()>> work_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ib::standin
