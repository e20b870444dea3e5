#pragma once

#include "actors/io/actor_probe.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

/// What the board says of an actor.
struct actor_entry {
  std::string
      path; ///< "house/builds/ID"; two may have the same for a moment, when one takes over from another
  std::string kind;       ///< "build"
  bool alive = true;      ///< false between a crash and the restart, and after a crash without one
  bool busy = false;      ///< in the middle of a message
  uint64_t handled = 0;   ///< messages since its start
  size_t waiting = 0;     ///< messages in its mailbox when it took its last one
  double per_second = 0;  ///< messages, as last measured
  int64_t age_ms = 0;     ///< since its start, or since its crash where it is not alive
  int64_t idle_ms = 0;    ///< since it took its last message, or since its start
  size_t crashes = 0;     ///< of this path so far
  std::string last_error; ///< of its last crash

  /// The path of its supervisor, empty for the root.
  std::string parent() const { return path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/')); }
};

/// The living actors of one kind together.
struct actor_totals {
  size_t living = 0;
  uint64_t handled = 0;       ///< messages since their starts
  size_t waiting = 0;         ///< messages in their mailboxes
  size_t longest_mailbox = 0; ///< of them
};

/// The actors that live now, for those who look at the house or trouble it. Actors enter and leave by
/// themselves (actors/observe.hpp). Any thread; never held locked while something else is called.
class actor_board {
public:
  using killer = std::function<void(const std::string& why)>;

  /// An actor is there. `kill` ends it from outside and does nothing where it has ended.
  std::shared_ptr<actor_probe> enter(std::string path, std::string kind, killer kill);
  /// It has ended, by a crash where a cause is given.
  void leave(const std::shared_ptr<actor_probe>& who, const std::optional<std::string>& cause);

  /// What was injected into the actors, and everywhere else in the service.
  fault_tally& faults() const { return *faults_; }

  /// Sorted by path.
  std::vector<actor_entry> read() const;
  /// By kind, without a copy of every entry: there are thousands, and somebody asks every few seconds.
  std::map<std::string, actor_totals> totals() const;
  /// Measures the rates of all actors since the last call. `now_ms`: of any clock.
  void measure_rates(int64_t now_ms);
  /// How often actors of each kind have crashed, kinds without a crash among them.
  std::map<std::string, uint64_t> crashes_by_kind() const;

  /// Ends the actors of a path from outside; how many those were.
  size_t kill(const std::string& path, const std::string& why) const;
  /// Disarms every probe.
  void disarm() const;
  /// The probes of a path.
  std::vector<std::shared_ptr<actor_probe>> probes(const std::string& path) const;

private:
  struct crash_note {
    size_t count = 0;
    std::string last_error;
  };
  /// Some hundred bytes matter: there are two actors for each of ten thousand builds.
  struct place {
    const std::string* kind = nullptr; ///< a key of crashes_
    std::shared_ptr<actor_probe> probe;
    killer kill; ///< null once it has ended
    int64_t since_ms = 0;
    std::unique_ptr<crash_note> crashes; ///< of this path, null before the first
    bool alive = true;                   ///< false once it has crashed
  };
  using places = std::multimap<std::string_view, place>;

  places::iterator find(const std::shared_ptr<actor_probe>& who);
  places::iterator find_crashed(std::string_view path);
  void forget_oldest_crash();

  const std::shared_ptr<fault_tally> faults_ = std::make_shared<fault_tally>();
  mutable std::mutex mutex_;
  places places_;                           ///< by path, which their probes hold
  std::deque<std::string> crashed_;         ///< paths of crashed actors, oldest first, some of them restarted
  std::map<std::string, uint64_t> crashes_; ///< by kind
  int64_t measured_ms_ = 0;
};

} // namespace ib::io
