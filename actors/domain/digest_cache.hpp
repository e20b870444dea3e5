#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace ib {

/// What is shown of a kept digest to those who look at the service.
struct digest_note {
  std::string ref;   ///< what was asked for; holds no secret
  int64_t at_ms = 0; ///< when it was answered
};

/// Answers of digest lookups: a bounded map, least recently used out first. Entries expire unless they are
/// permanent. Pure: the caller brings the time.
class digest_cache {
public:
  explicit digest_cache(size_t capacity);
  digest_cache(const digest_cache&) = delete; // the index points into the list
  digest_cache& operator=(const digest_cache&) = delete;

  /// Keeps `digest` for `key` until `expires_at_ms`, or for good (until evicted) without it.
  void put(const std::string& key, std::string digest, std::optional<int64_t> expires_at_ms,
           digest_note note = {});
  /// The answer for `key` that is still good at `now_ms`; marks it as used.
  std::optional<std::string> get(const std::string& key, int64_t now_ms);
  void erase(const std::string& key);

  struct entry {
    std::string key;
    std::string digest;
    std::optional<int64_t> expires_at_ms;
    digest_note note;
  };
  /// Everything that is kept, most recently used first; expired ones are among it until they are asked for.
  const std::list<entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

private:
  size_t capacity_;
  std::list<entry> entries_; ///< most recently used first
  std::unordered_map<std::string, std::list<entry>::iterator> index_;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

} // namespace ib
