#include "actors/io/file_text.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace ib;

TEST_CASE("a file's text is all of it, and of what is no file there is none", "[file]") {
  test::temp_dir folder;
  const auto path = folder.path() / "file";
  std::string bytes(100'000, 'x');
  bytes += std::string("\0\r\nend", 7);
  std::ofstream(path, std::ios::binary) << bytes;
  CHECK(io::text_of_file(path) == bytes);
  CHECK(io::text_of_file(folder.path() / "missing").empty());
  // Can be opened, and not read: so it is with what the system tells of a process that has just ended.
  CHECK(io::text_of_file(folder.path()).empty());
}
