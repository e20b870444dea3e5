#include "actors/io/process_stats.hpp"

#include "tests/support/child_process.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <fcntl.h>
#include <unistd.h>

using namespace ib;
using namespace ib::io;

TEST_CASE("the process is described as the system sees it", "[process_stats]") {
  auto stats = read_process_stats();
  auto now = static_cast<double>(std::time(nullptr));
  CHECK(stats.start_time > now - 3600);
  CHECK(stats.start_time < now + 2);
  CHECK(stats.resident_bytes > 1 << 20);
  CHECK(stats.virtual_bytes > stats.resident_bytes);
  CHECK(stats.max_virtual_bytes >= stats.virtual_bytes);
  CHECK(stats.open_fds >= 3);
  CHECK(stats.max_fds > stats.open_fds);
  CHECK(stats.cpu_seconds >= 0);
}

TEST_CASE("an open file is counted while it is open", "[process_stats]") {
  auto before = read_process_stats().open_fds;
  int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(read_process_stats().open_fds == before + 1);
  ::close(fd);
  CHECK(read_process_stats().open_fds == before);
}

TEST_CASE("children are counted until they are waited for", "[process_stats]") {
  auto before = read_process_stats().children;
  test::child_process child({"sleep", "1000"});
  CHECK(read_process_stats().children == before + 1);
  child.kill();
}
