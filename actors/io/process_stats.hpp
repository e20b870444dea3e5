#pragma once

#include <cstddef>
#include <cstdint>

namespace ib::io {

/// What the system says of this process now; what it does not say is 0.
struct process_stats {
  double cpu_seconds = 0; ///< user and system
  double start_time = 0;  ///< unix seconds
  size_t open_fds = 0;
  uint64_t max_fds = 0; ///< UINT64_MAX where there is no limit; so for memory
  uint64_t virtual_bytes = 0;
  uint64_t max_virtual_bytes = 0;
  uint64_t resident_bytes = 0;
  size_t children = 0; ///< processes whose parent this is
};

/// Reads /proc: some tens of microseconds, and as long again for every hundred processes of the machine.
process_stats read_process_stats();
/// What this process occupies of the machine's memory: some microseconds.
size_t resident_bytes();

} // namespace ib::io
