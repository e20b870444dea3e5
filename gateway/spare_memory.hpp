#pragma once

#include <cstddef>

namespace ib {

/// Lets the threads of the process share malloc's arenas, two for each core, each with spare memory of its
/// own; before the first thread. By default there are up to eight for each core. Where the environment says
/// how many (MALLOC_ARENA_MAX), that holds.
void share_arenas();

/// Gives back to the system what malloc keeps of a burst.
///
/// glibc keeps what was freed for the threads that had it: of ten thousand builds reconciled at once, or of
/// lists of megabytes, some tens of megabytes stay a part of the process for ever otherwise.
class spare_memory {
public:
  /// To be called now and then. Gives back where the process has grown since it last did and no longer
  /// grows: some ten milliseconds for each hundred megabytes, in which threads may wait for memory.
  void look();

private:
  size_t kept_bytes_ = 0; ///< what the process occupied after it last gave back
  size_t seen_bytes_ = 0; ///< at the last look
};

} // namespace ib
