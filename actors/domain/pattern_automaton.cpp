#include "actors/domain/pattern_automaton.hpp"

#include <algorithm>

namespace ib {

namespace {

constexpr uint32_t none = 0; // the root is nobody's child
constexpr size_t pair_words = 65536 / 64;

size_t pair_index(char first, char second) {
  return static_cast<size_t>(static_cast<unsigned char>(first)) * 256 + static_cast<unsigned char>(second);
}

} // namespace

/// The patterns, sorted, without duplicates and empty ones: the states of depth d + 1 are the groups of
/// neighbours with the same first d + 1 bytes, so that breadth-first order needs no trie of pointers.
struct pattern_set::automaton::trie {
  explicit trie(const std::vector<std::string>& patterns) : sorted(patterns.begin(), patterns.end()) {
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (!sorted.empty() && sorted.front().empty()) sorted.erase(sorted.begin());
  }

  std::vector<std::string_view> sorted;
};

pattern_set::automaton::automaton(const std::vector<std::string>& patterns) {
  add_edges(trie(patterns));
  add_failures();
  if (!empty()) add_pairs();
}

void pattern_set::automaton::add_edges(const trie& built) {
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
    added.first_edge = static_cast<uint32_t>(edge_bytes_.size());
    auto at = begin;
    if (at < end && depth > 0 && sorted[at].size() == depth) {
      added.match_length = depth;
      ++at;
    }
    if (at < end) added.open_length = depth;
    while (at < end) {
      const char byte = sorted[at][depth];
      const auto same = at;
      while (at < end && sorted[at][depth] == byte)
        ++at;
      edge_bytes_.push_back(static_cast<unsigned char>(byte));
      edge_targets_.push_back(static_cast<uint32_t>(groups.size()));
      groups.push_back({same, at, depth + 1});
    }
    states_.push_back(added);
  }
}

void pattern_set::automaton::add_failures() {
  for (uint32_t state = 0; state < states_.size(); ++state) {
    auto& from = states_[state];
    const auto& shorter = states_[from.fail];
    if (from.match_length == 0) from.match_length = shorter.match_length;
    if (from.open_length == 0) from.open_length = shorter.open_length;
    for (auto edge = from.first_edge; edge < edges_end(state); ++edge) {
      const auto target = edge_targets_[edge];
      states_[target].fail = state == 0 ? 0 : step(from.fail, static_cast<char>(edge_bytes_[edge]));
    }
  }
}

void pattern_set::automaton::add_pairs() {
  pairs_.assign(pair_words, 0);
  const auto mark = [&](unsigned char first, unsigned char second) {
    const size_t index = static_cast<size_t>(first) * 256 + second;
    pairs_[index / 64] |= uint64_t{1} << (index % 64);
  };
  for (auto edge = states_[0].first_edge; edge < edges_end(0); ++edge) {
    const auto target = edge_targets_[edge];
    const auto first = edge_bytes_[edge];
    const bool is_whole_pattern = states_[target].match_length > 0;
    for (unsigned second = 0; is_whole_pattern && second < 256; ++second) {
      mark(first, static_cast<unsigned char>(second));
    }
    for (auto next = states_[target].first_edge; next < edges_end(target); ++next)
      mark(first, edge_bytes_[next]);
  }
}

uint32_t pattern_set::automaton::edges_end(uint32_t state) const {
  return state + 1 < states_.size() ? states_[state + 1].first_edge
                                    : static_cast<uint32_t>(edge_bytes_.size());
}

uint32_t pattern_set::automaton::child(uint32_t state, unsigned char byte) const {
  const auto begin = edge_bytes_.begin() + states_[state].first_edge;
  const auto end = edge_bytes_.begin() + edges_end(state);
  const auto found = std::lower_bound(begin, end, byte);
  if (found == end || *found != byte) return none;
  return edge_targets_[static_cast<size_t>(found - edge_bytes_.begin())];
}

uint32_t pattern_set::automaton::step(uint32_t state, char byte) const {
  for (;;) {
    if (const auto next = child(state, static_cast<unsigned char>(byte))) return next;
    if (state == 0) return 0;
    state = states_[state].fail;
  }
}

size_t pattern_set::automaton::skip(std::string_view in, size_t from) const {
  if (in.empty()) return 0;
  const size_t last = in.size() - 1;
  const uint64_t* pairs = pairs_.data();
  for (; from < last; ++from) {
    const auto index = pair_index(in[from], in[from + 1]);
    if ((pairs[index / 64] >> (index % 64)) & 1) return from;
  }
  // The pair of the last byte is not there yet: its first half decides.
  return child(0, static_cast<unsigned char>(in[last])) != none ? from : in.size();
}

} // namespace ib
