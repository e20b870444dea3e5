#include "gateway/http/router.hpp"

#include <utility>

namespace ib::http {

namespace {

bool is_name(const std::string& segment) { return segment.starts_with('{') && segment.ends_with('}'); }

} // namespace

router& router::on(std::string method, std::string_view pattern, handler to) {
  request split;
  // A pattern is written by us: it is a path.
  static_cast<void>(read_target(pattern, split));
  entries_.push_back({std::move(method), std::move(split.path), std::move(to)});
  return *this;
}

bool router::fits(const entry& candidate, request& asked) {
  if (candidate.segments.size() != asked.path.size()) return false;
  asked.parts.clear();
  for (size_t i = 0; i < asked.path.size(); ++i) {
    const auto& wanted = candidate.segments[i];
    if (is_name(wanted))
      asked.parts[wanted.substr(1, wanted.size() - 2)] = asked.path[i];
    else if (wanted != asked.path[i])
      return false;
  }
  return true;
}

void router::route(request& asked, const reply_ptr& to) const {
  std::string allowed;
  for (const auto& entry : entries_) {
    if (!fits(entry, asked)) continue;
    if (entry.method == asked.method || (entry.method == "GET" && asked.method == "HEAD"))
      return entry.to(asked, to);
    allowed += (allowed.empty() ? "" : ", ") + entry.method + (entry.method == "GET" ? ", HEAD" : "");
  }
  if (allowed.empty()) return to->answer(plain(404, "there is nothing at this path"));
  auto refusal = plain(405, "this path takes " + allowed);
  refusal.headers.emplace_back("Allow", allowed);
  to->answer(std::move(refusal));
}

} // namespace ib::http
