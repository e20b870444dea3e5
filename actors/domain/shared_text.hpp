#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ib {

/// Text that grows at its end, of pieces that are shared and never change: to copy it, or to add a large
/// piece, moves none of their bytes. Small ones are joined.
class shared_text {
public:
  using piece = std::shared_ptr<const std::string>;

  shared_text() = default;
  shared_text(std::string text) { add(std::make_shared<const std::string>(std::move(text))); }
  shared_text(const char* text) : end_(text) {}
  explicit shared_text(piece text) { add(std::move(text)); }

  void add(piece more) {
    if (more->size() < worth_sharing) return add_small(*more);
    seal();
    size_ += more->size();
    pieces_.push_back(std::move(more));
  }
  void add(const shared_text& more) {
    for (const auto& one : more.pieces_)
      add(one);
    add_small(more.end_);
  }

  /// In bytes.
  size_t size() const { return size_ + end_.size(); }
  bool empty() const { return size() == 0; }

  /// Calls `see` with each part, in order.
  template <class See>
  void for_each(See see) const {
    for (const auto& one : pieces_)
      see(std::string_view(*one));
    if (!end_.empty()) see(std::string_view(end_));
  }

private:
  static constexpr size_t worth_sharing = size_t{16} << 10;

  void add_small(std::string_view more) {
    end_ += more;
    if (end_.size() >= worth_sharing) seal();
  }
  void seal() {
    if (end_.empty()) return;
    size_ += end_.size();
    pieces_.push_back(std::make_shared<const std::string>(std::exchange(end_, {})));
  }

  std::vector<piece> pieces_;
  size_t size_ = 0; ///< of the pieces
  std::string end_; ///< what came in small pieces
};

} // namespace ib
