#pragma once

#include "actors/build_timers.hpp"

#include <functional>
#include <list>
#include <string>
#include <variant>
#include <vector>

namespace ib {

/// The way of one build's writes into the journal: in order, one at a time, and what gathers meanwhile goes
/// together. Nothing is lost where the journal is away or its storage fails: the same write is tried until
/// it is kept, and the build stands still.
class journal_writer {
public:
  using kept_handler = std::function<void()>;
  using trouble_handler = std::function<void(const std::string& why)>;

  /// `log_end`: where the build's log ends now. `on_trouble`: the storage fails, told once per failure that
  /// lasts. `on_refusal`: a write can never be kept.
  void begin(build_impl::pointer self, std::string build_id, uint64_t log_end, trouble_handler on_trouble,
             trouble_handler on_refusal);

  void append(shared_text bytes, uint64_t raw_offset, kept_handler then);
  void advance(journal_advance step, kept_handler then);
  /// From the timer.
  void retry();

private:
  struct item {
    std::variant<journal_append, journal_advance> write;
    std::vector<kept_handler> then;
  };

  void send_front();
  void answered(const result<void>& outcome);
  void wait(std::chrono::milliseconds pause);

  build_impl::pointer self_ = nullptr;
  std::string build_id_;
  uint64_t log_end_ = 0; ///< after everything that is kept or on its way
  trouble_handler on_trouble_;
  trouble_handler on_refusal_;
  std::list<item>
      queue_; ///< mostly empty, without any memory then; the front is on its way or waits for its next try
  bool on_its_way_ = false;
  bool troubled_ = false;
  int silences_ = 0; ///< tries in a row that got no answer
};

} // namespace ib
