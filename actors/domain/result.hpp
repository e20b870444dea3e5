#pragma once

#include "actors/domain/error.hpp"
#include "actors/domain/rare.hpp"

#include <utility>
#include <variant>

namespace ib {

/// The error that is there; one that says so where it was moved away, or never was: a slip of ours must not
/// take the process with it.
inline const error& failure_of(const rare<error>& failure) {
  static const error none{error_code::internal, "an error was asked for where there is none", "", {}};
  return failure ? *failure : none;
}

/// Either a value or an error. Errors are values: nothing in the domain throws for a failure that can be
/// expected. The error is behind a pointer: a result takes as much as its value, of which a coroutine that
/// waits keeps several.
template <class T>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(ib::error e) : state_(std::in_place_index<1>, std::move(e)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// The value; only valid where has_value().
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  /// The failure; only valid where !has_value().
  const ib::error& error() const& { return failure_of(std::get<1>(state_)); }
  ib::error error() && { return failure_of(std::get<1>(state_)); }

private:
  std::variant<T, rare<ib::error>> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
public:
  using value_type = void;

  result() = default;
  result(ib::error e) : error_(std::move(e)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  /// The failure; only valid where !has_value().
  const ib::error& error() const { return failure_of(error_); }

private:
  rare<ib::error> error_;
};

} // namespace ib
