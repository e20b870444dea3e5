// A child that talks: the source of log output for benchmarks. Statically linked, so that it also runs in an
// image that holds nothing else.
//
//   talker lines COUNT        writes COUNT lines of 256 bytes as fast as they are taken
//   talker paced RATE COUNT   writes COUNT lines, RATE a second, each with the steady clock's nanoseconds
//   talker stay               does not end
//
// Several of them follow each other; the first two end with a line that says how long they took.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unistd.h>

namespace {

constexpr size_t line_bytes = 256;
constexpr size_t piece_lines = 256;
constexpr size_t piece_bytes = piece_lines * line_bytes;
constexpr int64_t second = 1'000'000'000;

void write_all(const char* bytes, size_t count) {
  while (count > 0) {
    const auto written = ::write(STDOUT_FILENO, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) std::_Exit(1);
    bytes += written;
    count -= static_cast<size_t>(written);
  }
}

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second + now.tv_nsec;
}

void wait_until(int64_t ns) {
  const timespec when{ns / second, ns % second};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) == EINTR) {
  }
}

/// A line that looks like a build's: words, paths and numbers.
void fill_line(char* line, uint64_t number) {
  const auto used =
      std::snprintf(line, line_bytes,
                    "%010llu Get:%llu http://deb.example.org/debian bookworm/main amd64 lib-package-%llu ",
                    static_cast<unsigned long long>(number), static_cast<unsigned long long>(number % 977),
                    static_cast<unsigned long long>(number * 2654435761U % 100'000));
  for (auto i = static_cast<size_t>(used); i + 1 < line_bytes; ++i)
    line[i] = i % 9 == 0 ? ' ' : static_cast<char>('a' + (number * 31 + i * 7) % 26);
  line[line_bytes - 1] = '\n';
}

void say_how_long(int64_t nanoseconds, int64_t slowest) {
  char line[line_bytes];
  const auto used = std::snprintf(line, line_bytes, "took %lld ns, slowest write %lld ns\n",
                                  static_cast<long long>(nanoseconds), static_cast<long long>(slowest));
  write_all(line, static_cast<size_t>(used));
}

/// The number at the beginning of a line that is there already: making each line anew would be slower than
/// any pipe.
void renumber(char* line, uint64_t number) {
  for (int digit = 9; digit >= 0; --digit, number /= 10)
    line[digit] = static_cast<char>('0' + number % 10);
}

void write_lines(uint64_t count) {
  static char piece[piece_bytes];
  for (uint64_t i = 0; i < piece_lines; ++i)
    fill_line(piece + i * line_bytes, i);
  const auto begin = now_ns();
  for (uint64_t i = 0; i < count; i += piece_lines) {
    const auto lines = count - i < piece_lines ? count - i : piece_lines;
    for (uint64_t k = 0; k < lines; ++k)
      renumber(piece + k * line_bytes, i + k);
    write_all(piece, lines * line_bytes);
  }
  say_how_long(now_ns() - begin, 0);
}

void write_paced(uint64_t rate, uint64_t count) {
  char line[line_bytes];
  const auto begin = now_ns();
  int64_t slowest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    wait_until(begin + static_cast<int64_t>(i) * second / static_cast<int64_t>(rate));
    fill_line(line, i);
    const auto stamp = now_ns();
    const auto used = std::snprintf(line, line_bytes, "stamp %lld ", static_cast<long long>(stamp));
    line[used] = 'x';
    write_all(line, line_bytes);
    const auto took = now_ns() - stamp;
    if (took > slowest) slowest = took;
  }
  say_how_long(now_ns() - begin, slowest);
}

uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

bool is(const char* argument, const char* word) { return std::strcmp(argument, word) == 0; }

} // namespace

int main(int argc, char** argv) {
  for (int at = 1; at < argc; ++at) {
    if (is(argv[at], "stay")) {
      for (;;)
        ::pause();
    } else if (is(argv[at], "lines") && at + 1 < argc) {
      write_lines(number(argv[++at]));
    } else if (is(argv[at], "paced") && at + 2 < argc) {
      const auto rate = number(argv[++at]);
      write_paced(rate, number(argv[++at]));
    } else {
      std::fputs("usage: talker [lines COUNT | paced RATE COUNT | stay]...\n", stderr);
      return 2;
    }
  }
}
