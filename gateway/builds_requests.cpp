#include "gateway/builds_requests.hpp"

#include "actors/domain/reference.hpp"
#include "gateway/build_resources.hpp"
#include "gateway/page_token.hpp"

#include <algorithm>

namespace ib {

namespace v1 = imagebuilder::v1;

namespace {

constexpr int default_page = 50;
constexpr int largest_page = 1000;
constexpr size_t longest_id = 200;
constexpr size_t longest_text = 4096;
constexpr size_t longest_reason = 1000;
constexpr const char* no_reason = "no reason given";

error too_long(const std::string& field, size_t limit) {
  return bad_field(field, "is longer than " + std::to_string(limit) + " bytes");
}

result<std::string> to_id(const std::string& build_id) {
  if (build_id.empty()) return bad_field("build_id", "is empty");
  if (build_id.size() > longest_id) return too_long("build_id", longest_id);
  return build_id;
}

/// The first whole millisecond at or after a time.
result<int64_t> to_unix_ms(const google::protobuf::Timestamp& time, const std::string& field) {
  // The range of the type: the years 1 to 9999 (timestamp.proto).
  constexpr int64_t first = -62'135'596'800;
  constexpr int64_t last = 253'402'300'799;
  if (time.seconds() < first || time.seconds() > last || time.nanos() < 0 || time.nanos() > 999'999'999)
    return bad_field(field, "is no point in time between the years 1 and 9999");
  return time.seconds() * 1000 + (time.nanos() + 999'999) / 1'000'000;
}

result<std::vector<build_state>> to_states(const v1::ListBuildsRequest& request) {
  std::vector<build_state> states;
  for (int i = 0; i < request.states_size(); ++i) {
    auto state = to_state(request.states(i));
    auto field = "states[" + std::to_string(i) + "]";
    if (!state && request.states(i) == v1::Build::STATE_UNSPECIFIED)
      return bad_field(field,
                       "is STATE_UNSPECIFIED, which no build is in; no states at all mean every state");
    if (!state) return bad_field(field, "unknown value " + std::to_string(request.states(i)));
    if (std::find(states.begin(), states.end(), *state) == states.end()) states.push_back(*state);
  }
  return states;
}

result<size_t> to_page_size(int page_size) {
  if (page_size < 0) return bad_field("page_size", "is negative");
  return static_cast<size_t>(page_size == 0 ? default_page : std::min(page_size, largest_page));
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// U+0080 to U+009F, of which some terminals make as much as of the others.
bool holds_upper_control(const std::string& text) {
  for (size_t at = text.find('\xC2'); at != std::string::npos; at = text.find('\xC2', at + 1))
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
  return false;
}

} // namespace

result<std::string> translate(const v1::GetBuildRequest& request) { return to_id(request.build_id()); }

result<std::string> translate(const v1::WatchBuildRequest& request) { return to_id(request.build_id()); }

result<build_filter> translate(const v1::ListBuildsRequest& request) {
  build_filter filter;
  auto states = to_states(request);
  if (!states) return states.error();
  filter.states = std::move(*states);
  filter.reference = request.reference();
  if (filter.reference.size() > longest_text) return too_long("reference", longest_text);
  if (!filter.reference.empty())
    if (auto parsed = parse_reference(filter.reference); !parsed)
      return bad_field("reference", parsed.error().message);
  filter.triggered_by = request.triggered_by();
  if (filter.triggered_by.size() > longest_text) return too_long("triggered_by", longest_text);
  if (request.has_create_time_from()) {
    auto from = to_unix_ms(request.create_time_from(), "create_time_from");
    if (!from) return from.error();
    filter.created_from_ms = *from;
  }
  if (request.has_create_time_before()) {
    auto before = to_unix_ms(request.create_time_before(), "create_time_before");
    if (!before) return before.error();
    filter.created_before_ms = *before;
  }
  auto limit = to_page_size(request.page_size());
  if (!limit) return limit.error();
  filter.limit = *limit;
  if (request.page_token().empty()) return filter;
  auto after = read_page_token(request.page_token(), filter);
  if (!after) return after.error();
  filter.after = std::move(*after);
  return filter;
}

result<log_wish> translate(const v1::ReadLogRequest& request) {
  auto id = to_id(request.build_id());
  if (!id) return id.error();
  if (request.offset() < 0) return bad_field("offset", "is negative");
  return log_wish{*id, static_cast<uint64_t>(request.offset()), request.follow(), request.censored()};
}

result<cancel_build> translate(const v1::CancelBuildRequest& request) {
  auto id = to_id(request.build_id());
  if (!id) return id.error();
  const auto& reason = request.reason();
  if (reason.size() > longest_reason) return too_long("reason", longest_reason);
  if (std::any_of(reason.begin(), reason.end(), is_control) || holds_upper_control(reason))
    return bad_field("reason", "is not one line without control characters");
  bool says_nothing = reason.find_first_not_of(' ') == std::string::npos;
  return cancel_build{*id, says_nothing ? no_reason : reason};
}

} // namespace ib
