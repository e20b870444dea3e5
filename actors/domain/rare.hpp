#pragma once

#include <memory>
#include <utility>

namespace ib {

/// A value that most objects do not have: as std::optional, but no larger than a pointer where there is none.
template <class T>
class rare {
public:
  rare() = default;
  rare(T value) : value_(std::make_unique<T>(std::move(value))) {}
  rare(const rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  rare(rare&& other) noexcept = default;
  rare& operator=(rare other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~rare() = default;

  explicit operator bool() const { return value_ != nullptr; }
  bool has_value() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  void reset() { value_.reset(); }

  bool operator==(const rare& other) const {
    return value_ && other.value_ ? *value_ == *other.value_ : !value_ && !other.value_;
  }

private:
  std::unique_ptr<T> value_;
};

} // namespace ib
