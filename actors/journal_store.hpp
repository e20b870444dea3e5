#pragma once

#include "actors/build_plan.hpp"
#include "actors/domain/result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ib {

/// Keeps the records of builds. The journal keeper is the only one to write.
class journal_store {
public:
  virtual ~journal_store() = default;

  /// A new build. failed_precondition where the id is known already.
  virtual result<void> create(build_record record) = 0;
  /// The progress of a build: its machine and the deadline of its run. not_found for an unknown id.
  virtual result<void> advance(const std::string& build_id, const machine_state& machine,
                               std::optional<std::chrono::steady_clock::time_point> deadline) = 0;
  /// Appends log bytes, and notes how much of the run's output they cover.
  virtual result<void> append_log(const std::string& build_id, std::string_view bytes,
                                  uint64_t raw_offset) = 0;

  virtual result<build_record> find(const std::string& build_id) const = 0;
  /// The newest build of a workspace reference.
  virtual result<build_record> find_newest(const std::string& workspace_ref) const = 0;
  /// Builds that have not ended, oldest first.
  virtual std::vector<build_record> unfinished() const = 0;
};

/// A store in memory: survives its actors, not the process. Of the builds that have ended it keeps the newest
/// `finished_builds`, and no more than whose logs fit into `finished_log_bytes`.
std::unique_ptr<journal_store> make_memory_store(size_t finished_builds,
                                                 uint64_t finished_log_bytes = 512ULL << 20);

} // namespace ib
