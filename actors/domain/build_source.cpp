#include "actors/domain/build_source.hpp"

#include <algorithm>

namespace ib {

bool is_credential_config(std::string_view key) {
  constexpr std::string_view name = ".extraheader";
  if (key.size() < name.size()) return false;
  const auto tail = key.substr(key.size() - name.size());
  return std::equal(tail.begin(), tail.end(), name.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

} // namespace ib
