#include "actors/io/log.hpp"

#include "actors/domain/repeat_limiter.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ib::io {

namespace {

std::atomic<severity> lowest_level{severity::info};
std::atomic<bool> json_lines{false};

const char* name_of(severity level) {
  switch (level) {
  case severity::debug:
    return "debug";
  case severity::info:
    return "info";
  case severity::warning:
    return "warning";
  case severity::error:
    return "error";
  }
  return "error";
}

std::string utc_now() {
  using namespace std::chrono;
  auto now = system_clock::now();
  auto seconds = system_clock::to_time_t(now);
  auto millis = duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  auto used = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + used, sizeof text - used, ".%03dZ", static_cast<int>(millis));
  return text;
}

std::string json_line(severity level, std::string_view message, std::span<const log_field> fields,
                      const std::string& version) {
  nlohmann::ordered_json line;
  line["time"] = utc_now();
  line["severity"] = name_of(level);
  line["message"] = std::string(message);
  line["serviceContext"] = {{"service", "image-builder"}};
  if (!version.empty()) line["serviceContext"]["version"] = version;
  for (const auto& field : fields)
    line[std::string(field.name)] = std::string(field.value);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string text_line(severity level, std::string_view message, std::span<const log_field> fields) {
  std::string line = utc_now() + " " + name_of(level) + ": " + std::string(message);
  for (const auto& field : fields) {
    line += "  ";
    line += field.name;
    line += "=";
    line += field.value;
  }
  for (auto& c : line)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return line;
}

/// A line as the limiter knows it: severity, message, names and values, each ended by a separator.
constexpr char separator = '\x1f';

std::string words_of(severity level, std::string_view message, std::span<const log_field> fields) {
  std::string words(1, static_cast<char>('0' + static_cast<int>(level)));
  auto add = [&](std::string_view part) {
    for (char c : part)
      words += c == separator ? ' ' : c;
    words += separator;
  };
  add(message);
  for (const auto& field : fields) {
    add(field.name);
    add(field.value);
  }
  return words;
}

/// What is shared by the threads that log.
class log_desk {
public:
  void set_version(std::string version) {
    std::lock_guard turn(turn_);
    version_ = std::move(version);
  }

  void log(severity level, std::string_view message, std::span<const log_field> fields) {
    std::lock_guard turn(turn_);
    auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
                   .count();
    tell_held_back(now);
    if (limiter_.admit(words_of(level, message, fields), now)) write(level, message, fields);
  }

  void flush() {
    std::lock_guard turn(turn_);
    tell_held_back(INT64_MAX);
  }

private:
  void tell_held_back(int64_t now_ms) {
    for (const auto& [words, times] : limiter_.due(now_ms)) {
      std::vector<std::string_view> parts;
      for (std::string_view rest = std::string_view(words).substr(1); !rest.empty();) {
        parts.push_back(rest.substr(0, rest.find(separator)));
        rest.remove_prefix(parts.back().size() + 1);
      }
      std::vector<log_field> fields;
      for (size_t i = 1; i + 1 < parts.size(); i += 2)
        fields.push_back({parts[i], parts[i + 1]});
      auto more = std::to_string(times);
      fields.push_back({"times_more", more});
      write(static_cast<severity>(words[0] - '0'), parts[0], fields);
    }
  }

  void write(severity level, std::string_view message, std::span<const log_field> fields) const {
    auto line = json_lines ? json_line(level, message, fields, version_) : text_line(level, message, fields);
    line += '\n';
    // A log that cannot be written (closed standard error) must not stop the service.
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }

  std::mutex turn_;
  std::string version_;
  repeat_limiter limiter_;
};

/// Never destroyed: threads may log until the very end.
log_desk& desk() {
  static auto& one = *new log_desk;
  return one;
}

} // namespace

void set_log_level(severity lowest) { lowest_level = lowest; }

void set_log_json(bool json) { json_lines = json; }

void set_log_version(std::string version) { desk().set_version(std::move(version)); }

void log(severity level, std::string_view message, std::span<const log_field> fields) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  desk().log(level, message, fields);
}

void flush_log() { desk().flush(); }

} // namespace ib::io
