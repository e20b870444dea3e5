#include "actors/domain/utc_time.hpp"

#include <chrono>
#include <cstdio>

namespace ib {

std::string utc_text(int64_t unix_ms) {
  using namespace std::chrono;
  const auto time = sys_seconds(ceil<seconds>(milliseconds(unix_ms)));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<seconds> clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

} // namespace ib
