#include "actors/engine/registry_names.hpp"

#include <algorithm>
#include <cctype>

namespace ib {

namespace {

/// The first part of a reference is a domain where it has a dot or a port, or is localhost (spec: images.md,
/// "Reference grammar").
bool is_domain(std::string_view word) {
  return word == "localhost" || word.find_first_of(".:", 1) != std::string_view::npos;
}

bool in_domain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':';
}

} // namespace

std::vector<std::string> registry_names(std::string_view dockerfile) {
  std::vector<std::string> names;
  for (size_t slash = dockerfile.find('/'); slash != std::string_view::npos;
       slash = dockerfile.find('/', slash + 1)) {
    auto begin = slash;
    while (begin > 0 && in_domain(dockerfile[begin - 1]))
      --begin;
    std::string word(dockerfile.substr(begin, slash - begin));
    if (is_domain(word) && std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
  }
  return names;
}

} // namespace ib
