#include "actors/build_channel.hpp"

#include "actors/domain/redactor.hpp"
#include "actors/domain/reference.hpp"

#include <utility>

namespace ib {

struct build_channel::status_node {
  status_update update;
  std::atomic<status_node*> next{nullptr};
};

struct build_channel::waiter_node {
  std::weak_ptr<channel_waiter> waiter;
  waiter_node* next = nullptr;
};

namespace {

std::vector<std::string> censored_words_of(const build_identity& identity) {
  std::vector<std::string> words{identity.workspace_ref, identity.base_ref, identity.source_ref};
  for (const auto& text : std::vector<std::string>(words)) {
    auto ref = parse_reference(text);
    if (!ref) continue;
    words.push_back(ref->repository());
    words.push_back(ref->path);
    if (!ref->tag.empty()) words.push_back(ref->path + ":" + ref->tag);
  }
  return words;
}

} // namespace

build_channel::build_channel(std::shared_ptr<const build_identity> identity, uint64_t log_retention_bytes,
                             uint64_t log_begin, uint64_t log_end)
    : identity_(std::move(identity)),
      log_(log_retention_bytes, log_begin, log_end),
      first_(std::make_unique<status_node>()),
      last_(first_.get()) {}

build_channel::~build_channel() {
  for (auto* node = first_->next.load(); node != nullptr;) {
    std::unique_ptr<status_node> dead(node);
    node = dead->next.load();
  }
  for (auto* node = waiters_.load(); node != nullptr;) {
    std::unique_ptr<waiter_node> dead(node);
    node = dead->next;
  }
}

std::shared_ptr<const pattern_set> build_channel::censored_words() const {
  if (auto made = censored_words_.load()) return made;
  // Two who come first at the same time make the same twice.
  auto made = std::make_shared<const pattern_set>(censored_words_of(*identity_));
  censored_words_.exchange(made);
  return made;
}

const status_update* build_channel::status_cursor::next() {
  auto* node = last_->next.load(std::memory_order_acquire);
  if (node == nullptr) return nullptr;
  last_ = node;
  return &node->update;
}

void build_channel::publish(status_update update) {
  const bool had_ended = ended_;
  replay(std::move(update));
  if (ended_ && !had_ended) ++changes_.count;
}

void build_channel::replay(status_update update) {
  if (ended_) return;
  bool terminal = update.status != build_status::running;
  auto* node = new status_node{std::move(update), {}};
  last_.load()->next.store(node, std::memory_order_release);
  last_.store(node, std::memory_order_release);
  if (terminal) ended_ = true;
}

const status_update* build_channel::latest() const {
  auto* node = last_.load(std::memory_order_acquire);
  return node == first_.get() ? nullptr : &node->update;
}

build_channel::status_cursor build_channel::from_start() const { return status_cursor(first_.get()); }

void build_channel::park(std::weak_ptr<channel_waiter> waiter) {
  auto* node = new waiter_node{std::move(waiter), waiters_.load(std::memory_order_relaxed)};
  while (!waiters_.compare_exchange_weak(node->next, node, std::memory_order_seq_cst)) {
  }
  parked_.fetch_add(1, std::memory_order_relaxed);
}

size_t build_channel::wake_all() {
  auto* node = waiters_.exchange(nullptr, std::memory_order_seq_cst);
  size_t count = 0;
  for (; node != nullptr; ++count) {
    std::unique_ptr<waiter_node> head(node);
    node = head->next;
    if (auto waiter = head->waiter.lock()) waiter->wake();
  }
  parked_.fetch_sub(count, std::memory_order_relaxed);
  return count;
}

} // namespace ib
