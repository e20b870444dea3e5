#pragma once

#include "actors/interfaces.hpp"

#include <caf/typed_actor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// The last good answers for the references that are resolved ahead of time, by their normalised text.
/// Written by the ref cache, read by the resolver pool; belongs to the root supervisor, so that a restart
/// forgets nothing.
class ref_board {
public:
  using answers = std::map<std::string, io::found_image>;

  ref_board() : current_(std::make_shared<const answers>()) {}
  std::shared_ptr<const answers> read() const { return current_.load(); }
  void publish(answers now) {
    current_.store(std::make_shared<const answers>(std::move(now)));
    ++version_;
  }
  /// Another one after each publish(): as long as it stays, what was read after it was asked for is the
  /// newest.
  uint64_t version() const { return version_; }

private:
  alignas(64) std::atomic<uint64_t> version_{0}; ///< apart from what is written more often
  alignas(64) std::atomic<std::shared_ptr<const answers>> current_;
};

/// Under which text a reference stands on the board.
std::string board_key(const reference& ref);

/// The answer to a reference that is resolved ahead of time, whoever asks: a digest is no secret of a
/// registry; null where there is none. Any thread.
std::shared_ptr<const io::found_image> find_ahead(const ref_board& board, const reference& ref);

/// Time to resolve all references again.
struct refresh_refs {
  uint64_t after = 0; ///< the round that this one follows
};

struct ref_cache_config {
  std::vector<reference> refs;
  std::chrono::milliseconds interval{std::chrono::hours(6)};
  std::chrono::milliseconds retry_pause{
      std::chrono::minutes(1)}; ///< after a round in which a reference failed
};

/// From the service: these references from now on.
struct change_refs {
  ref_cache_config config;
};

using ref_cache_actor = caf::typed_actor<
    // Asks the registries for every reference; the last good answer survives a failure.
    caf::reacts_to<refresh_refs>,
    // Other references or another interval: the first round begins at once, what is not named any more is
    // forgotten.
    caf::reacts_to<change_refs>>;

struct ref_cache_state {
  explicit ref_cache_state(ref_cache_actor::pointer) {}
  ref_cache_config config;
  uint64_t round = 0; ///< answers and timers of earlier ones count no more
  size_t pending = 0; ///< lookups of this round that have not been answered
  bool failed = false;
};

/// Keeps the digests of configured references at hand (spec: images.md, "Resolution", `refCache`).
ref_cache_actor::behavior_type ref_cache(ref_cache_actor::stateful_pointer<ref_cache_state> self,
                                         std::shared_ptr<ref_board> board, ref_cache_config config);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::refresh_refs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::change_refs)
