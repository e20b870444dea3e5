#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ib {

/// Takes what a terminal sends on one connection after the other, and lets through what was not let through
/// before. A terminal begins each connection with what it printed so far: all of it, or the last of it where
/// it has printed more than it keeps, or (after a restart) nothing.
class replay_filter {
public:
  /// How much of the output's beginning and end is remembered to find the place again.
  static constexpr size_t head_bytes = 256;
  static constexpr size_t tail_bytes = 1024;
  /// How much of a connection is searched for that place.
  static constexpr size_t search_bytes = size_t{1024} * 1024;

  /// `taken`: how many bytes were let through by an earlier filter, of which nothing else is known.
  explicit replay_filter(uint64_t taken = 0) : taken_(taken) {}

  /// A connection begins.
  void begin();
  /// Appends to `out` what is new. True where something may be missing before it.
  bool feed(std::string_view in, std::string& out);
  /// Nothing more comes for now: what is held back is decided. True where something may be missing before
  /// what is appended to `out` or comes next.
  bool settle(std::string& out);
  /// True where settle() would change something.
  bool waits() const;
  /// Another terminal: nothing of it was seen before.
  void forget();
  /// The last bytes that were let through, as many as are remembered.
  std::string_view tail() const { return tail_; }
  /// Bytes let through so far, of all terminals.
  uint64_t taken() const { return earlier_ + taken_; }

private:
  enum class mode : uint8_t {
    through,   ///< everything is new
    comparing, ///< is this the known beginning?
    skipping,  ///< it is: up to taken_ everything was let through before
    counting,  ///< nothing is known but how much was let through before
    searching, ///< it is not: the last bytes that were let through have to come
  };

  void let_through(std::string_view bytes, std::string& out);
  void remember(std::string_view bytes, uint64_t at);
  bool compare(std::string_view in, std::string& out);
  void skip(std::string_view in, std::string& out);
  bool search(std::string_view in, std::string& out);
  void release(std::string& out);

  uint64_t earlier_ = 0; ///< bytes of earlier terminals
  uint64_t taken_ = 0;   ///< bytes of this terminal
  std::string head_;     ///< its first bytes; empty where they are not known
  std::string tail_;     ///< the last bytes that were let through
  mode mode_ = mode::through;
  uint64_t seen_ = 0; ///< bytes of this connection that were skipped
  std::string held_;  ///< bytes of this connection that are not decided
};

} // namespace ib
