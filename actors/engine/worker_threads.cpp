#include "actors/engine/worker_threads.hpp"

#include <thread>
#include <utility>

namespace ib {

namespace {

/// One for as long as it lives. A waiter may be gone right after the last one: only the shared count is
/// touched then.
class presence {
public:
  explicit presence(std::shared_ptr<std::atomic<int>> count) : count_(std::move(count)) {
    count_->fetch_add(1);
  }
  presence(presence&&) = default;
  presence& operator=(presence&&) = delete;
  ~presence() {
    if (!count_) return;
    count_->fetch_sub(1);
    count_->notify_all();
  }

private:
  std::shared_ptr<std::atomic<int>> count_;
};

} // namespace

void worker_threads::start(std::function<void()> work) {
  std::thread([here = presence(alive_), work = std::move(work)]() mutable {
    work();
    work = nullptr;
  }).detach();
}

void worker_threads::wait() const {
  for (auto left = alive_->load(); left > 0; left = alive_->load())
    alive_->wait(left);
}

} // namespace ib
