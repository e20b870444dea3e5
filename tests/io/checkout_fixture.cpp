#include "tests/io/checkout_fixture.hpp"

namespace ib::test {

bool any_file_holds(const std::filesystem::path& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && content_of(entry.path()).find(text) != std::string::npos) return true;
  return false;
}

} // namespace ib::test
