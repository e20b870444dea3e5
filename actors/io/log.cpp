#include "actors/io/log.hpp"

#include <atomic>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <unistd.h>

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

std::string json_line(severity level, std::string_view message, std::initializer_list<log_field> fields) {
  nlohmann::ordered_json line;
  line["time"] = utc_now();
  line["severity"] = name_of(level);
  line["message"] = std::string(message);
  line["serviceContext"] = {{"service", "image-builder"}};
  for (const auto& field : fields)
    line[std::string(field.name)] = std::string(field.value);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string text_line(severity level, std::string_view message, std::initializer_list<log_field> fields) {
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

} // namespace

void set_log_level(severity lowest) { lowest_level = lowest; }

void set_log_json(bool json) { json_lines = json; }

void log(severity level, std::string_view message, std::initializer_list<log_field> fields) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  auto line = json_lines ? json_line(level, message, fields) : text_line(level, message, fields);
  line += '\n';
  // A log that cannot be written (closed standard error) must not stop the service.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace ib::io
