#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace ib::io {

/// A few threads for work that blocks shortly, shared by many. Pieces begin in the order they came; each is
/// called exactly once and must not throw.
class work_pool {
public:
  using work = std::function<void()>;

  explicit work_pool(size_t threads);
  /// Waits for what was posted before.
  ~work_pool();
  work_pool(const work_pool&) = delete;
  work_pool& operator=(const work_pool&) = delete;

  /// Any thread. After the pool's end the piece is called at once.
  void post(work piece);

private:
  struct state;

  std::shared_ptr<state> state_;
  std::vector<std::thread> threads_;
};

} // namespace ib::io
