#include "tools/imgctl/moments.hpp"

#include <google/protobuf/util/time_util.h>

#include <charconv>

namespace ib::imgctl {
namespace {

int64_t seconds_of(char unit) {
  switch (unit) {
  case 's':
    return 1;
  case 'm':
    return 60;
  case 'h':
    return 3600;
  case 'd':
    return 86400;
  }
  return 0;
}

} // namespace

outcome<google::protobuf::Timestamp> parse_moment(const std::string& flag, const std::string& text,
                                                  int64_t now) {
  google::protobuf::Timestamp time;
  if (google::protobuf::util::TimeUtil::FromString(text, &time)) return time;
  constexpr int64_t longest_age = 100000;
  int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_age = fault == std::errc() && end + 1 == text.data() + text.size() && count >= 0;
  const auto unit = is_age ? seconds_of(*end) : 0;
  if (unit == 0 || count > longest_age)
    return usage_error(flag + ": \"" + text +
                       "\" is neither a time like 2024-02-29T12:00:00Z nor an age like 90m, 2h, 3d");
  time.set_seconds(now - count * unit);
  return time;
}

std::string format_moment(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  google::protobuf::Timestamp whole;
  whole.set_seconds(time.seconds());
  auto text = google::protobuf::util::TimeUtil::ToString(whole); // 2024-02-29T12:00:00Z
  if (text.size() != 20) return text;
  return text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
}

} // namespace ib::imgctl
