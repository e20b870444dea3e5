#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

namespace ib {

/// A run's output that is not in the log yet: kept, so that a restarted build finds all of it.
class run_backlog {
public:
  struct piece {
    uint64_t offset = 0; ///< of the first byte in the run's output
    std::shared_ptr<const std::string> bytes;
  };

  /// `begin`: how much of the output is in the log from the start.
  explicit run_backlog(uint64_t begin = 0) : end_(begin) {}

  /// Appends output; returns it as the piece to send.
  const piece& add(std::shared_ptr<const std::string> bytes);
  /// The output up to here is in the log and will not be asked for again; returns how many bytes are let go.
  size_t acknowledge(uint64_t raw_offset);
  /// What a new subscription is sent first, oldest first.
  const std::list<piece>& pieces() const { return pieces_; }
  /// Offset after the last byte.
  uint64_t end() const { return end_; }

private:
  std::list<piece> pieces_; ///< mostly empty, and then it takes no memory
  uint64_t end_;
};

} // namespace ib
