#include "actors/join_ledger.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ib {

struct join_ledger::entry {
  join_note who;
  entry* older = nullptr;
};

bool join_ledger::add(join_note who) {
  auto* mine = new entry{std::move(who), newest_.load(std::memory_order_relaxed)};
  while (!newest_.compare_exchange_weak(mine->older, mine, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  return mine->older == nullptr;
}

std::vector<join_note> join_ledger::take() {
  std::vector<join_note> notes;
  for (auto* next = newest_.exchange(nullptr, std::memory_order_acquire); next != nullptr;) {
    std::unique_ptr<entry> taken(next);
    next = taken->older;
    notes.push_back(std::move(taken->who));
  }
  std::ranges::reverse(notes);
  return notes;
}

} // namespace ib
