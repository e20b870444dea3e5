#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>
#include <vector>

namespace ib::io {

/// Work that other threads hand to one thread, in order. Every piece is called exactly once: with true on
/// the thread that takes it, or with false where the queue is closed and nobody will take it any more.
/// Lock-free: a list that pushers extend by one compare-and-swap and the taker unhooks as a whole.
class work_queue {
public:
  using work = std::function<void(bool alive)>;

  work_queue() = default;
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;
  ~work_queue() { close(); }

  /// Any thread. On a closed queue the work is called at once, with false.
  void push(work piece) {
    auto* fresh = new node{std::move(piece), head_.load()};
    while (fresh->next != closed()) {
      if (head_.compare_exchange_weak(fresh->next, fresh)) return;
    }
    auto late = std::move(fresh->piece);
    delete fresh;
    late(false);
  }

  bool empty() const {
    auto* head = head_.load();
    return head == nullptr || head == closed();
  }

  /// The taker's thread: everything pushed so far, oldest first.
  std::vector<work> take_all() {
    if (empty()) return {};
    return unhook(head_.exchange(nullptr));
  }

  /// Calls what is left with false; later pushes are called with false at once. Idempotent.
  void close() {
    auto* head = head_.exchange(closed());
    if (head == closed()) return;
    for (auto& piece : unhook(head))
      piece(false);
  }

private:
  struct node {
    work piece;
    node* next;
  };

  /// An address that is no node: marks the closed queue.
  node* closed() const { return reinterpret_cast<node*>(const_cast<work_queue*>(this)); }

  static std::vector<work> unhook(node* head) {
    std::vector<work> pieces;
    while (head) {
      pieces.push_back(std::move(head->piece));
      delete std::exchange(head, head->next);
    }
    std::reverse(pieces.begin(), pieces.end());
    return pieces;
  }

  std::atomic<node*> head_{nullptr};
};

} // namespace ib::io
