#include "actors/engine/loopback_names.hpp"

#include "actors/domain/registry_settings.hpp"

#include <algorithm>
#include <cctype>

namespace ib {

namespace {

bool in_domain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':';
}

} // namespace

std::vector<std::string> loopback_names(std::string_view dockerfile) {
  std::vector<std::string> names;
  for (size_t slash = dockerfile.find('/'); slash != std::string_view::npos;
       slash = dockerfile.find('/', slash + 1)) {
    auto begin = slash;
    while (begin > 0 && in_domain(dockerfile[begin - 1]))
      --begin;
    std::string word(dockerfile.substr(begin, slash - begin));
    if (is_loopback_domain(word) && std::find(names.begin(), names.end(), word) == names.end())
      names.push_back(word);
  }
  return names;
}

} // namespace ib
