#include "actors/domain/pattern_automaton.hpp"

#include <algorithm>
#include <cstring>

namespace ib {

namespace {

constexpr uint32_t none = 0; // the root is nobody's child
constexpr size_t max_window = 32;
constexpr size_t max_block = 4;
/// A table that stays in the first-level cache.
constexpr unsigned most_hash_bits = 14;
constexpr unsigned fewest_hash_bits = 8;
/// Entries for each block of a pattern: so seldom does a text without secrets look like one. For a few
/// patterns a small table is as good: ten thousand builds have each their own.
constexpr size_t entries_per_block = 32;
constexpr size_t few_blocks = 128;
constexpr size_t entries_per_few_blocks = 4;

template <class Index>
constexpr bool has_root_table = sizeof(Index) > 1;

/// A hash of the `size` bytes (1 to 4) at `bytes`, of 32 - `unused` bits.
uint32_t block_hash(const char* bytes, size_t size, unsigned unused) {
  uint32_t value = 0;
  if (size == max_block) {
    std::memcpy(&value, bytes, max_block);
  } else {
    for (size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return (value * 2654435761U) >> unused;
}

} // namespace

/// The patterns, sorted, without duplicates and empty ones: the states of depth d + 1 are the groups of
/// neighbours with the same first d + 1 bytes, so that breadth-first order needs no trie of pointers.
template <class Index>
struct pattern_automaton<Index>::trie {
  explicit trie(const std::vector<std::string>& patterns) : sorted(patterns.begin(), patterns.end()) {
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (!sorted.empty() && sorted.front().empty()) sorted.erase(sorted.begin());
  }

  std::vector<std::string_view> sorted;
};

template <class Index>
pattern_automaton<Index>::pattern_automaton(const std::vector<std::string>& patterns) {
  const trie built(patterns);
  add_edges(built);
  add_failures();
  if (!empty()) add_shifts(built);
}

template <class Index>
void pattern_automaton<Index>::add_edges(const trie& built) {
  struct group {
    size_t begin; ///< the patterns [begin, end) share the first `depth` bytes
    size_t end;
    uint32_t depth;
  };
  const auto& sorted = built.sorted;
  std::vector<group> groups{{0, sorted.size(), 0}};
  for (size_t state = 0; state < groups.size(); ++state) {
    const auto [begin, end, depth] = groups[state];
    node added;
    added.first_edge = static_cast<Index>(edge_bytes_.size());
    auto at = begin;
    if (at < end && depth > 0 && sorted[at].size() == depth) {
      added.match_length = static_cast<Index>(depth);
      ++at;
    }
    if (at < end) added.open_length = static_cast<Index>(depth);
    while (at < end) {
      const char byte = sorted[at][depth];
      const auto same = at;
      while (at < end && sorted[at][depth] == byte)
        ++at;
      edge_bytes_.push_back(static_cast<unsigned char>(byte));
      groups.push_back({same, at, depth + 1});
    }
    states_.push_back(added);
  }
  states_.shrink_to_fit();
  edge_bytes_.shrink_to_fit();
}

template <class Index>
void pattern_automaton<Index>::add_failures() {
  if constexpr (has_root_table<Index>) {
    root_.resize(256);
    for (uint32_t edge = states_[0].first_edge; edge < edges_end(0); ++edge)
      root_[edge_bytes_[edge]] = static_cast<Index>(edge + 1);
  }
  for (uint32_t state = 0; state < states_.size(); ++state) {
    auto& from = states_[state];
    const auto& shorter = states_[from.fail];
    if (from.match_length == 0) from.match_length = shorter.match_length;
    if (from.open_length == 0) from.open_length = shorter.open_length;
    for (uint32_t edge = from.first_edge; edge < edges_end(state); ++edge) {
      states_[edge + 1].fail =
          state == 0 ? Index{0} : static_cast<Index>(step(from.fail, static_cast<char>(edge_bytes_[edge])));
    }
  }
}

template <class Index>
void pattern_automaton<Index>::add_shifts(const trie& built) {
  window_ = max_window;
  for (const auto& pattern : built.sorted)
    window_ = std::min(window_, pattern.size());
  block_ = std::min(window_, max_block);
  const auto last = window_ - block_;
  const auto blocks = built.sorted.size() * (last + 1);
  const auto entries = blocks * (blocks <= few_blocks ? entries_per_few_blocks : entries_per_block);
  auto bits = fewest_hash_bits;
  while (bits < most_hash_bits && size_t{1} << bits < entries)
    ++bits;
  unused_hash_bits_ = 32 - bits;
  shifts_.assign(size_t{1} << bits, static_cast<uint8_t>(last + 1));
  for (const auto& pattern : built.sorted) {
    for (size_t at = 0; at <= last; ++at) {
      auto& shift = shifts_[block_hash(pattern.data() + at, block_, unused_hash_bits_)];
      shift = std::min(shift, static_cast<uint8_t>(last - at));
    }
  }
}

template <class Index>
uint32_t pattern_automaton<Index>::edges_end(uint32_t state) const {
  return state + 1 < states_.size() ? states_[state + 1].first_edge
                                    : static_cast<uint32_t>(edge_bytes_.size());
}

template <class Index>
uint32_t pattern_automaton<Index>::child(uint32_t state, unsigned char byte) const {
  const auto begin = edge_bytes_.begin() + states_[state].first_edge;
  const auto end = edge_bytes_.begin() + edges_end(state);
  const auto found = std::lower_bound(begin, end, byte);
  if (found == end || *found != byte) return none;
  return static_cast<uint32_t>(found - edge_bytes_.begin()) + 1;
}

template <class Index>
uint32_t pattern_automaton<Index>::step(uint32_t state, char byte) const {
  for (;;) {
    if constexpr (has_root_table<Index>)
      if (state == 0) return root_[static_cast<unsigned char>(byte)];
    if (const auto next = child(state, static_cast<unsigned char>(byte))) return next;
    if (state == 0) return none;
    state = states_[state].fail;
  }
}

template <class Index>
size_t pattern_automaton<Index>::skip(std::string_view in, size_t from) const {
  while (from + window_ <= in.size()) {
    const auto shift = shifts_[block_hash(in.data() + from + window_ - block_, block_, unused_hash_bits_)];
    if (shift == 0) break;
    from += shift;
  }
  return from;
}

template class pattern_automaton<uint8_t>;
template class pattern_automaton<uint16_t>;
template class pattern_automaton<uint32_t>;

} // namespace ib
