#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace ib {

/// Holds back what is said again and again: of the same words, some pass within a period, and further ones
/// are counted. Pure: is told the time.
class repeat_limiter {
public:
  struct limits {
    size_t burst = 5;           ///< times that pass within a period
    int64_t period_ms = 10'000; ///< from the first time on
    size_t remembered = 1024;   ///< different words at a time; beyond these everything passes
  };
  /// Words that were held back in a period that is over.
  struct held_back {
    std::string words;
    size_t times = 0;
  };

  explicit repeat_limiter(limits how) : limits_(how) {}
  repeat_limiter() : repeat_limiter(limits{}) {}

  /// True where the words are to be said. Call due() first.
  bool admit(const std::string& words, int64_t now_ms);
  /// What was held back in the periods that are over by now, in no order; of all periods where `now_ms` is
  /// INT64_MAX. Looks only where one can be over.
  std::vector<held_back> due(int64_t now_ms);

private:
  struct period {
    int64_t end_ms = 0;
    size_t times = 0;
    std::string words; ///< once some were held back: most lines are said once
  };

  limits limits_;
  std::unordered_map<size_t, period> periods_; ///< by the hash of the words
  int64_t next_end_ms_ = INT64_MAX;            ///< no period ends before
};

} // namespace ib
