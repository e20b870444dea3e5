#pragma once

#include "actors/domain/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <sys/types.h>

namespace ib::io {

/// The operations that can be made to fail.
enum class fault_place : uint8_t {
  registry, ///< an HTTP request to a registry
  git,      ///< a git command
  process,  ///< the start of any child process
  journal,  ///< a call of the journal's store
  wsman,    ///< a call of ws-manager
};
inline constexpr size_t fault_places = 5;

const char* to_string(fault_place place);

/// What is to happen to an operation.
struct planned_fault {
  std::chrono::milliseconds delay{0}; ///< first of all
  std::optional<error> failure;       ///< instead of the operation
};

/// Asked by the edges of the service before each operation what is to go wrong with it. There is none (a null
/// pointer) unless the configuration enables fault injection.
class fault_points {
public:
  virtual ~fault_points() = default;

  virtual planned_fault next(fault_place place) = 0;

  /// A child process leads the group and works for a build; it ends before its number is free again.
  virtual void child_started(pid_t group, const std::string& build_id) = 0;
  virtual void child_ended(pid_t group) = 0;
  /// True while nobody is to read what the child writes.
  virtual bool holds_pipe(pid_t group) = 0;
};

/// For threads that may block: waits where a delay is planned; the error where a failure is. Nothing happens
/// where `points` is null.
result<void> meet_faults(fault_points* points, fault_place place, const std::stop_token& stop);

} // namespace ib::io
