#include "actors/engine/run_backlog.hpp"

#include <utility>

namespace ib {

const run_backlog::piece& run_backlog::add(std::shared_ptr<const std::string> bytes) {
  auto at = end_;
  end_ += bytes->size();
  return pieces_.emplace_back(piece{at, std::move(bytes)});
}

size_t run_backlog::acknowledge(uint64_t raw_offset) {
  size_t let_go = 0;
  while (!pieces_.empty() && pieces_.front().offset < raw_offset) {
    auto& first = pieces_.front();
    auto covered = raw_offset - first.offset;
    if (covered >= first.bytes->size()) {
      let_go += first.bytes->size();
      pieces_.pop_front();
      continue;
    }
    // A part of a piece is in the log: keep the rest only, so that a new subscription continues exactly
    // there.
    let_go += covered;
    first = {raw_offset, std::make_shared<const std::string>(first.bytes->substr(covered))};
  }
  return let_go;
}

} // namespace ib
