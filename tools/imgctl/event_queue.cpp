#include "tools/imgctl/event_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace ib::imgctl {
namespace {

constexpr size_t most_bytes = 4 << 20;

size_t size_of(const event& e) {
  constexpr size_t overhead = 256; // about what an event takes besides its text
  if (const auto* log = std::get_if<log_bytes>(&e)) return overhead + log->content.size();
  if (const auto* response = std::get_if<builder::BuildResponse>(&e))
    return overhead + response->ByteSizeLong();
  return overhead;
}

} // namespace

event_queue::event_queue() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) {}

event_queue::~event_queue() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool event_queue::push(event e) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return closed_ || size_ < most_bytes; });
  if (closed_) return false;
  size_ += size_of(e);
  events_.push_back(std::move(e));
  return ::eventfd_write(descriptor_, 1) == 0;
}

std::optional<event> event_queue::pop() {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  eventfd_t one = 0;
  (void)::eventfd_read(descriptor_, &one); // one count for each event, so there is one to take
  auto e = std::move(events_.front());
  events_.pop_front();
  size_ -= size_of(e);
  room_.notify_all();
  return e;
}

void event_queue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
}

} // namespace ib::imgctl
