#include "tools/imgctl/watch/findings.hpp"

#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/columns.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace ib::imgctl {
namespace {

std::pair<const char*, tone> look_of(verdict result) {
  switch (result) {
  case verdict::fine:
    return {"ok", tone::good};
  case verdict::warning:
    return {"warning", tone::warn};
  case verdict::failed:
    return {"failed", tone::bad};
  case verdict::skipped:
    return {"skipped", tone::dim};
  }
  return {"failed", tone::bad};
}

} // namespace

bool findings::add(finding found) {
  if (told_) told_(found);
  all_.push_back(std::move(found));
  return all_.back().result != verdict::failed;
}

size_t findings::count(verdict result) const {
  return static_cast<size_t>(
      std::count_if(all_.begin(), all_.end(), [result](const finding& f) { return f.result == result; }));
}

std::string in_text(const finding& found, bool color) {
  auto [word, kind] = look_of(found.result);
  std::string mark = word;
  mark.resize(8, ' ');
  auto text = paint({std::nullopt, color, false}, kind, mark) +
              one_line(found.about + ", " + found.check + ": " + found.detail) + "\n";
  if (!found.advice.empty()) text += "          " + one_line(found.advice) + "\n";
  return text;
}

std::string summary(const findings& of) {
  const auto failed = of.count(verdict::failed), warnings = of.count(verdict::warning);
  const auto checks = std::to_string(of.all().size()) + " checks: ";
  if (failed == 0 && warnings == 0) return checks + "all is well";
  return checks + std::to_string(failed) + " failed, " + std::to_string(warnings) + " with a warning";
}

std::string to_json(const findings& of) {
  nlohmann::ordered_json out{{"healthy", of.count(verdict::failed) == 0},
                             {"checks", nlohmann::ordered_json::array()}};
  for (const auto& f : of.all())
    out["checks"].push_back({{"about", f.about},
                             {"check", f.check},
                             {"result", look_of(f.result).first},
                             {"detail", f.detail},
                             {"advice", f.advice}});
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace ib::imgctl
