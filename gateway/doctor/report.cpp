#include "gateway/doctor/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace ib::doctor {

namespace {

const char* colour_of(outcome o) {
  switch (o) {
  case outcome::fine:
    return "\033[32m";
  case outcome::warning:
    return "\033[33m";
  case outcome::failed:
    return "\033[1;31m";
  case outcome::skipped:
    return "\033[2m";
  }
  return "";
}

/// Texts of peers may hold anything.
std::string printable(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

} // namespace

const char* to_string(outcome o) {
  switch (o) {
  case outcome::fine:
    return "ok";
  case outcome::warning:
    return "warning";
  case outcome::failed:
    return "failed";
  case outcome::skipped:
    return "skipped";
  }
  return "failed";
}

void report::add(finding found) {
  if (told_) told_(found);
  findings_.push_back(std::move(found));
}

bool report::healthy() const { return count(outcome::failed) == 0; }

size_t report::count(outcome o) const {
  return static_cast<size_t>(
      std::count_if(findings_.begin(), findings_.end(), [o](const finding& f) { return f.result == o; }));
}

std::string report::to_json() const {
  nlohmann::ordered_json out{{"healthy", healthy()}, {"checks", nlohmann::ordered_json::array()}};
  for (const auto& f : findings_)
    out["checks"].push_back({{"about", f.about},
                             {"check", f.check},
                             {"result", to_string(f.result)},
                             {"detail", f.detail},
                             {"advice", f.advice}});
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string in_text(const finding& found, bool colour) {
  std::string mark = to_string(found.result);
  mark.resize(8, ' ');
  if (colour) mark = colour_of(found.result) + mark + "\033[0m";
  auto line = mark + printable(found.about + ", " + found.check + ": " + found.detail) + "\n";
  if (!found.advice.empty()) line += "          " + printable(found.advice) + "\n";
  return line;
}

} // namespace ib::doctor
