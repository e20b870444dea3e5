#include "tools/imgctl/watch/watch.hpp"

#include "tools/imgctl/signals.hpp"
#include "tools/imgctl/watch/events.hpp"

#include <csignal>
#include <optional>
#include <poll.h>
#include <utility>

namespace ib::imgctl {
namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr milliseconds look_again{1000};
/// The endpoint speaks every second: one that is silent for so long is gone.
constexpr std::chrono::seconds longest_silence{15};

void wait_for_any(const std::vector<int>& descriptors, milliseconds patience) {
  std::vector<pollfd> polled;
  for (const int descriptor : descriptors)
    polled.push_back({descriptor, POLLIN, 0});
  ::poll(polled.data(), polled.size(), static_cast<int>(patience.count()));
}

class watching {
public:
  watching(const debug_place& from, const watcher& who) : from_(from), who_(who) {
    waited_for_.push_back(signals_.descriptor());
    if (who.on != nullptr && who.on->keys() >= 0) waited_for_.push_back(who.on->keys());
  }

  outcome<int> run() {
    for (bool first = true;; first = false) {
      const auto fault = listen(first);
      if (exit_) return *exit_;
      if (refused_) return *refused_;
      who_.show(house_, "lost the service: " + fault + "; trying again");
      pause();
      if (exit_) return *exit_;
    }
  }

private:
  /// Reads one connection to its end: why it ended.
  std::string listen(bool first) {
    http_stream stream(from_, "/debug/events");
    event_splitter splitter;
    std::string bytes;
    auto heard_at = clock::now();
    for (;;) {
      bytes.clear();
      const auto turn = stream.wait(bytes, look_again, waited_for_);
      if (turn == http_stream::turn::bytes && stream.status() == 200) {
        heard_at = clock::now();
        if (!take(splitter.feed(bytes))) return refuse(explain_endpoint(from_, 200, "", ""), first);
      } else if (turn == http_stream::turn::bytes) {
        said_ += bytes;
      }
      look_at_the_user();
      if (exit_) return "";
      if (turn == http_stream::turn::ended) {
        if (stream.status() == 200 && stream.fault().empty()) return "it has closed the connection";
        auto why = explain_endpoint(from_, stream.status(), stream.fault(), said_);
        said_.clear();
        return stream.status() == 200 ? stream.fault() : refuse(std::move(why), first);
      }
      if (clock::now() - heard_at > longest_silence) return "it is silent";
    }
  }

  /// A service that was there may come back; one that never was is told about.
  std::string refuse(failure why, bool first) {
    auto words = why.message;
    if (first || why.code != exit_code::unavailable) refused_ = std::move(why);
    return words;
  }

  bool take(const std::vector<server_event>& events) {
    for (const auto& event : events) {
      if (event.name == "state") {
        // A beat begins with the state.
        const auto now = clock::now();
        passed_ = std::chrono::duration_cast<milliseconds>(now - beat_at_);
        beat_at_ = now;
      }
      if (!apply(house_, event.name, event.data, passed_)) return false;
      who_.heard(house_, event);
    }
    if (!events.empty() && house_.known) who_.show(house_, "");
    return true;
  }

  void look_at_the_user() {
    while (const int number = signals_.take()) {
      if (number == SIGINT || number == SIGTERM) exit_ = 128 + number;
      if (number == SIGTSTP) stop();
      if (number == SIGWINCH && house_.known) who_.show(house_, "");
    }
    if (who_.on != nullptr && who_.on->wants_to_leave()) exit_ = 0;
  }

  /// Ctrl-Z: the shell gets its terminal as it was.
  void stop() {
    if (who_.on != nullptr) who_.on->leave();
    ::raise(SIGSTOP);
    if (who_.on != nullptr) who_.on->enter();
  }

  void pause() {
    const auto until = clock::now() + look_again;
    while (!exit_) {
      const auto rest = std::chrono::ceil<milliseconds>(until - clock::now());
      if (rest.count() <= 0) return;
      wait_for_any(waited_for_, rest);
      look_at_the_user();
    }
  }

  const debug_place& from_;
  const watcher& who_;
  signal_watch signals_{SIGTSTP};
  std::vector<int> waited_for_;
  house house_;
  clock::time_point beat_at_ = clock::now();
  milliseconds passed_{0}; ///< between the last two beats
  std::string said_;       ///< of a refusal
  std::optional<int> exit_;
  std::optional<failure> refused_;
};

} // namespace

outcome<int> watch(const debug_place& from, const watcher& who) { return watching(from, who).run(); }

} // namespace ib::imgctl
