#pragma once

#include "actors/build_channel.hpp"
#include "actors/join_ledger.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ib {

/// A build that waits for its turn.
struct waiting_build {
  std::string build_id;
  std::optional<int64_t> estimate_ms; ///< how long it will wait, once enough is known for a guess
};

/// The builds that run or wait. What the director has published is immutable: readers on any thread take the
/// whole.
class running_builds {
public:
  void add(const channel_ptr& channel);
  void remove(const std::string& build_id);

  const std::vector<channel_ptr>& channels() const { return channels_; } ///< oldest first
  /// Null where there is none.
  channel_ptr find(const std::string& build_id) const;
  channel_ptr find_reference(const std::string& workspace_ref) const;

  uint64_t epoch = 0;               ///< how many builds have ended so far
  std::vector<waiting_build> queue; ///< those that wait, the next in turn first

private:
  std::vector<channel_ptr> channels_;
  /// The same, sorted. Plain pointers, since a copy of them costs next to nothing: a list is published for
  /// each build that comes or goes.
  std::vector<build_channel*> by_id_;
  std::vector<build_channel*> by_reference_;
};

/// Where the director publishes and everyone else reads, and leaves word of joins. Belongs to the root
/// supervisor.
class running_builds_board {
public:
  running_builds_board() : current_(std::make_shared<const running_builds>()) {}

  std::shared_ptr<const running_builds> read() const { return current_.load(); }
  void publish(running_builds now) {
    current_.store(std::make_shared<const running_builds>(std::move(now)));
    ++version_;
  }
  /// Another one after each publish(): as long as it stays, what was read after it was asked for is the
  /// newest.
  uint64_t version() const { return version_; }
  join_ledger& joins() { return joins_; }

private:
  join_ledger joins_;
  alignas(64) std::atomic<uint64_t> version_{0}; ///< apart from what is written more often
  alignas(64) std::atomic<std::shared_ptr<const running_builds>> current_;
};

} // namespace ib
