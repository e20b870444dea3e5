#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ib::config {

/// Of `candidates` the one that `word` is most likely a misspelling of: the smallest edit distance
/// (insertions, deletions, replacements and swaps of neighbours; case is ignored) up to a third of the word's
/// length. Empty where none is that near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace ib::config
