#include "actors/io/utc_time.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace ib::io {

std::string utc_text(int64_t unix_ms) {
  std::time_t seconds = unix_ms / 1000 + (unix_ms % 1000 > 0 ? 1 : 0);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace ib::io
