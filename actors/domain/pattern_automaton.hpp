#pragma once

#include "actors/domain/redactor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ib {

/// The Aho-Corasick automaton of a pattern_set. State 0 is the root; the state after any text is the longest
/// end of it that begins a pattern.
///
/// `Index` holds the number of any state: ten thousand builds have a set of their own each, of a few
/// patterns. Edges are kept sparse, four or five indices for each byte of the patterns: a request may bring
/// secrets of megabytes, for which a dense table would take gigabytes. Speed on text without secrets comes
/// from skip(), which moves on in strides, as Wu and Manber's algorithm does, and does not touch the states
/// at all.
template <class Index>
class pattern_automaton {
public:
  explicit pattern_automaton(const std::vector<std::string>& patterns);

  bool empty() const { return states_.size() == 1; }
  /// From the root: a position at or behind `from` before which no match begins.
  size_t skip(std::string_view in, size_t from) const;
  /// The state after `byte` follows `state`.
  uint32_t step(uint32_t state, char byte) const;
  /// Length of the longest pattern that ends in this state; 0 for none.
  uint32_t match_length(uint32_t state) const { return states_[state].match_length; }
  /// How many of the last bytes may be the beginning of a match that is not complete yet.
  uint32_t open_length(uint32_t state) const { return states_[state].open_length; }

private:
  struct node {
    Index first_edge = 0; ///< its edges are those up to the next state's first, by byte
    Index fail = 0;       ///< the longest proper end of this state that is a state
    Index match_length = 0;
    Index open_length = 0;
  };
  struct trie;

  void add_edges(const trie& built);
  void add_failures();
  void add_shifts(const trie& built);
  uint32_t edges_end(uint32_t state) const;
  uint32_t child(uint32_t state, unsigned char byte) const;

  std::vector<node> states_; ///< in breadth-first order: a failure always points to an earlier one
  std::vector<unsigned char> edge_bytes_; ///< the edge of number n leads to the state of number n + 1
  /// The root's edges by byte, 0 for none; empty in a set so small that the table would be larger than all
  /// the rest.
  std::vector<Index> root_;

  /// The first `window_` bytes of every pattern, looked at in blocks of `block_` bytes: by the hash of a
  /// block, how far the text may be moved on when that block ends the window.
  size_t window_ = 0;
  size_t block_ = 0;
  unsigned unused_hash_bits_ = 0; ///< of 32
  std::vector<uint8_t> shifts_;
};

/// As large as its patterns need.
struct pattern_set::automaton {
  std::variant<pattern_automaton<uint8_t>, pattern_automaton<uint16_t>, pattern_automaton<uint32_t>> of_size;
};

} // namespace ib
