#include "actors/domain/digest_cache.hpp"

#include <utility>

namespace ib {

digest_cache::digest_cache(size_t capacity) : capacity_(capacity) {}

void digest_cache::put(const std::string& key, std::string digest, std::optional<int64_t> expires_at_ms,
                       digest_note note) {
  erase(key);
  if (capacity_ == 0) return;
  if (entries_.size() == capacity_) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, std::move(digest), expires_at_ms, std::move(note)});
  index_.emplace(key, entries_.begin());
}

std::optional<std::string> digest_cache::get(const std::string& key, int64_t now_ms) {
  const auto found = index_.find(key);
  if (found == index_.end()) {
    ++misses_;
    return std::nullopt;
  }
  const auto entry = found->second;
  if (entry->expires_at_ms && *entry->expires_at_ms <= now_ms) {
    ++misses_;
    index_.erase(found);
    entries_.erase(entry);
    return std::nullopt;
  }
  ++hits_;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->digest;
}

void digest_cache::erase(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const auto entry = found->second;
  index_.erase(found);
  entries_.erase(entry);
}

} // namespace ib
