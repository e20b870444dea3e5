#pragma once

#include <string>
#include <utility>
#include <variant>

namespace ib::imgctl {

/// How the program ends (spec: operations.md, "Programs"). 130 is what a shell expects after Ctrl-C.
enum class exit_code : int { success = 0, failed = 1, usage = 2, unavailable = 3, interrupted = 130 };

/// Why a command cannot go on: the exit code and what to tell the user. Never carries a secret.
struct failure { // NOLINT(clang-analyzer-core.uninitialized.Assign): see .clang-tidy
  exit_code code = exit_code::failed;
  std::string message;
};

/// A value or the reason why there is none.
template <class T>
class [[nodiscard]] outcome {
public:
  outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  outcome(failure f) : state_(std::in_place_index<1>, std::move(f)) {}

  explicit operator bool() const { return state_.index() == 0; }

  /// The value; only valid where the outcome is true.
  const T& operator*() const { return std::get<0>(state_); }
  T& operator*() { return std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }

  /// The reason; only valid where the outcome is false.
  const failure& why() const { return std::get<1>(state_); }

private:
  std::variant<T, failure> state_;
};

/// The user's input is wrong.
inline failure usage_error(std::string message) { return {exit_code::usage, std::move(message)}; }

} // namespace ib::imgctl
