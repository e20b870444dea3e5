#include "tools/imgctl/describe.hpp"

#include "tools/imgctl/moments.hpp"
#include "tools/imgctl/text.hpp"

#include <google/protobuf/util/time_util.h>

namespace ib::imgctl {
namespace {

namespace v1 = imagebuilder::v1;
using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

constexpr size_t name_width = 12;

std::string line(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return name + std::string(name_width - std::min(name.size(), name_width - 2), ' ') + value + "\n";
}

std::string took(const Timestamp& from, const Timestamp& to) {
  return format_elapsed(std::chrono::milliseconds(TimeUtil::TimestampToMilliseconds(to) -
                                                  TimeUtil::TimestampToMilliseconds(from)));
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string state_of(const v1::Build& build) {
  auto text = lower(v1::Build::State_Name(build.state()));
  if (build.has_end_time()) text += " after " + took(build.create_time(), build.end_time());
  if (build.attempt_count() > 1) text += ", " + std::to_string(build.attempt_count()) + " attempts";
  return text;
}

std::string place_of(const v1::Build& build) {
  if (!build.has_queue_place()) return "";
  const auto& place = build.queue_place();
  auto text = std::to_string(place.builds_ahead()) + " ahead";
  if (place.has_estimated_wait())
    text +=
        ", about " +
        format_elapsed(std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(place.estimated_wait()))) +
        " to wait";
  return text;
}

std::string log_of(const v1::LogExtent& log) {
  auto text = std::to_string(log.end_offset()) + " bytes";
  if (log.begin_offset() > 0) text += ", kept from byte " + std::to_string(log.begin_offset()) + " on";
  return text;
}

std::string attempts_of(const v1::Build& build) {
  std::string out;
  for (const auto& attempt : build.attempts()) {
    out += "  " + std::to_string(attempt.number()) + "  " + format_moment(attempt.start_time());
    out += attempt.has_end_time() ? "  " + took(attempt.start_time(), attempt.end_time()) : "  running";
    if (!attempt.end_message().empty()) out += "  " + one_line(attempt.end_message());
    out += "\n";
  }
  return out.empty() ? "" : "\nattempts\n" + out;
}

std::string steps_of(const v1::Build& build) {
  std::string out;
  for (const auto& step : build.steps()) {
    auto state = lower(v1::Build::State_Name(step.state()));
    state.resize(std::max<size_t>(state.size(), 10), ' ');
    out += "  " + format_moment(step.time()) + "  " + state;
    if (build.attempt_count() > 1) out += "  attempt " + std::to_string(step.attempt());
    if (!step.message().empty()) out += "  " + one_line(step.message());
    out += "\n";
  }
  return out.empty() ? "" : "\nsteps\n" + out;
}

std::string fault_of(const v1::Failure& failure) {
  if (failure.fault() == v1::Failure::USER) return "the Dockerfile, its files or the request";
  if (failure.fault() == v1::Failure::INFRASTRUCTURE) return "the infrastructure";
  return "";
}

std::string failure_of(const v1::Build& build) {
  if (!build.has_failure()) return "";
  const auto& failure = build.failure();
  std::string out = "\nfailure\n";
  for (const auto& text : safe_lines(failure.message()))
    out += "  " + text + "\n";
  if (const auto fault = fault_of(failure); !fault.empty()) out += "  at fault: " + fault + "\n";
  if (!failure.command().empty()) {
    const auto where = failure.dockerfile_line() > 0
                           ? "Dockerfile, line " + std::to_string(failure.dockerfile_line())
                           : std::string("command");
    out += "  " + where + ": " + one_line(failure.command()) + "\n";
  }
  if (failure.last_lines().empty()) return out;
  out += "\nlast lines\n";
  for (const auto& text : failure.last_lines())
    out += "  " + sanitize(text, false) + "\n";
  return out;
}

} // namespace

std::string describe(const v1::Build& build) {
  const bool ended = build.has_end_time();
  return line("build", one_line(build.build_id())) + line("state", state_of(build)) +
         (ended ? "" : line("now", one_line(build.message()))) + line("queue", place_of(build)) +
         line("workspace", one_line(build.workspace_ref())) + line("base", one_line(build.base_ref())) +
         line("source", one_line(build.source())) + line("asked by", one_line(build.triggered_by())) +
         line("accepted", format_moment(build.create_time())) +
         (build.has_start_time() ? line("started", format_moment(build.start_time())) : "") +
         (ended ? line("ended", format_moment(build.end_time())) : "") + line("log", log_of(build.log())) +
         attempts_of(build) + steps_of(build) + failure_of(build);
}

} // namespace ib::imgctl
