#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// A set of texts to hide, compiled once into an Aho-Corasick automaton and shared by the streams that hide
/// them. Immutable.
class pattern_set {
public:
  /// Empty texts are ignored; duplicates are fine.
  explicit pattern_set(const std::vector<std::string>& patterns);
  ~pattern_set();
  bool empty() const;

private:
  friend class redactor;
  struct automaton;
  std::shared_ptr<const automaton> automaton_;
};

/// Replaces every occurrence of a pattern in a byte stream by a mask, wherever the stream is cut into pieces:
/// a match that straddles two writes is found, and no byte of it is ever emitted. Occurrences that overlap
/// become one mask.
class redactor {
public:
  explicit redactor(std::shared_ptr<const pattern_set> patterns, std::string mask = "[redacted]");

  /// Feeds `in` and appends what is certain to `out`. Bytes that may be the beginning of a match are held
  /// back until decided.
  void write(std::string_view in, std::string& out);
  /// Ends the stream: appends what is held back.
  void finish(std::string& out);

  /// Input bytes that are decided and whose output is emitted: a fresh redactor fed from this input offset on
  /// emits exactly what this one would emit next. Counts from 0 at construction.
  uint64_t consumed() const;

private:
  std::shared_ptr<const pattern_set> patterns_;
  std::string mask_;
  std::string held_;     ///< input bytes not yet decided
  uint32_t state_ = 0;   ///< automaton state after the bytes of held_
  size_t match_end_ = 0; ///< held_[match_begin_, match_end_) belongs to a match
  size_t match_begin_ = 0;
  uint64_t consumed_ = 0;
};

} // namespace ib
