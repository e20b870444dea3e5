#include "tools/imgctl/list_request.hpp"

#include "tools/imgctl/moments.hpp"

#include <algorithm>
#include <cctype>

namespace ib::imgctl {
namespace {

using imagebuilder::v1::Build;

outcome<Build::State> parse_state(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  Build::State state = Build::STATE_UNSPECIFIED;
  if (Build::State_Parse(text, &state) && state != Build::STATE_UNSPECIFIED) return state;
  std::string known;
  for (int i = Build::State_MIN; i <= Build::State_MAX; ++i)
    if (i != Build::STATE_UNSPECIFIED)
      known += (known.empty() ? "" : ", ") + Build::State_Name(static_cast<Build::State>(i));
  return usage_error("--state: \"" + text + "\" is no state; known are " + known);
}

} // namespace

outcome<imagebuilder::v1::ListBuildsRequest> make_list_request(const list_options& options, int64_t now) {
  imagebuilder::v1::ListBuildsRequest request;
  for (const auto& text : options.states) {
    const auto state = parse_state(text);
    if (!state) return state.why();
    request.add_states(*state);
  }
  request.set_reference(options.reference);
  request.set_triggered_by(options.triggered_by);
  if (!options.since.empty()) {
    auto from = parse_moment("--since", options.since, now);
    if (!from) return from.why();
    *request.mutable_create_time_from() = *from;
  }
  if (!options.until.empty()) {
    auto before = parse_moment("--until", options.until, now);
    if (!before) return before.why();
    *request.mutable_create_time_before() = *before;
  }
  request.set_page_token(options.page_token);
  return request;
}

bool is_reference(const std::string& target) { return target.find_first_of("/:@") != std::string::npos; }

} // namespace ib::imgctl
