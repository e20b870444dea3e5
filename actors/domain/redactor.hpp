#pragma once

#include "actors/domain/shared_text.hpp"

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
  pattern_set(const pattern_set&) = delete;
  pattern_set& operator=(const pattern_set&) = delete;
  bool empty() const;

private:
  friend class redactor;
  struct automaton;
  std::unique_ptr<const automaton> automaton_;
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
  /// The same for a piece that is shared: where nothing of it is hidden or held back it is given on itself.
  shared_text pass(std::shared_ptr<const std::string> in);
  /// Ends the stream: appends what is held back.
  void finish(std::string& out);

  /// Input bytes that are decided and whose output is emitted: a fresh redactor fed from this input offset on
  /// emits exactly what this one would emit next. Counts from 0 at construction.
  uint64_t consumed() const;

private:
  /// Input offsets of one mask.
  struct range {
    uint64_t begin;
    uint64_t end;
  };
  /// Returns how many of the last bytes may begin a match.
  size_t scan(std::string_view in);
  template <class Automaton>
  size_t scan(const Automaton& automaton, std::string_view in);
  void add_match(uint64_t begin, uint64_t end);
  void emit_until(uint64_t decided, std::string_view in, std::string& out);
  void hold_from(uint64_t decided, std::string_view in);

  std::shared_ptr<const pattern_set> patterns_;
  std::string mask_;
  uint32_t state_ = 0;        ///< automaton state after all input so far
  std::string held_;          ///< the last input bytes, which may begin a match
  uint64_t held_begin_ = 0;   ///< input offset of held_
  std::vector<range> masked_; ///< matches that are not emitted, in order, none overlapping another
  uint64_t consumed_ = 0;
};

} // namespace ib
