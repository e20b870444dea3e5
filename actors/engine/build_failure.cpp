#include "actors/engine/build_failure.hpp"

#include "actors/domain/utf8.hpp"

#include <array>

namespace ib {

namespace {

struct known_text {
  std::string_view part;
  error_code code;
};

// Checked in order against the error line of buildah and skopeo; the first that occurs decides.
constexpr std::array known_texts{
    known_text{"connection refused", error_code::unavailable},
    known_text{"connection reset", error_code::unavailable},
    known_text{"no such host", error_code::unavailable},
    known_text{"i/o timeout", error_code::unavailable},
    known_text{"TLS handshake timeout", error_code::unavailable},
    known_text{"unexpected EOF", error_code::unavailable},
    known_text{"received unexpected HTTP status: 5", error_code::unavailable},
    known_text{"500 Internal Server Error", error_code::unavailable},
    known_text{"502 Bad Gateway", error_code::unavailable},
    known_text{"503 Service Unavailable", error_code::unavailable},
    known_text{"toomanyrequests", error_code::too_many_requests},
    known_text{"429 Too Many Requests", error_code::too_many_requests},
    known_text{"too many requests to registry", error_code::too_many_requests},
    known_text{"StatusCode: 429", error_code::too_many_requests},
    known_text{"StatusCode: 5", error_code::unavailable},
    known_text{"no space left on device", error_code::internal},
    known_text{"unauthorized", error_code::unauthenticated},
    known_text{"authentication required", error_code::unauthenticated},
    known_text{"access to the resource is denied", error_code::unauthenticated},
    known_text{"manifest unknown", error_code::not_found},
    known_text{"name unknown", error_code::not_found},
};

constexpr std::array pull_texts{
    std::string_view("initializing source docker://"),
    std::string_view("reading manifest"),
    std::string_view("unable to pull"),
    std::string_view("creating build container: "),
};

bool any_of(const auto& parts, std::string_view text) {
  for (auto part : parts)
    if (text.find(part) != std::string_view::npos) return true;
  return false;
}

std::string last_error_line(const output_tail& tail) {
  auto lines = tail.lines();
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->starts_with("Error: ")) return line->substr(7);
    if (line->starts_with("panic: ")) return *line;
    if (auto at = line->find("level=fatal msg="); at != std::string::npos) return line->substr(at + 16);
  }
  return lines.empty() ? "" : lines.back();
}

/// The tool's own words behind the step that it quotes: `building at STEP "COPY a b": no such file`.
std::string_view behind_step(std::string_view said) {
  if (!said.starts_with("building at STEP \"")) return said;
  auto end = said.find("\": ");
  return end == std::string_view::npos ? said : said.substr(end + 3);
}

bool may_be_step(std::string_view line) { return line.starts_with('[') || line.starts_with("STEP "); }

/// Where as many lines that are not empty begin as a tail keeps; what is behind the last newline is one.
size_t begin_of_last_lines(std::string_view bytes) {
  size_t found = 0;
  auto end = bytes.size();
  while (end > 0) {
    auto newline = bytes.rfind('\n', end - 1);
    auto begin = newline == std::string_view::npos ? 0 : newline + 1;
    if (begin < end && ++found > output_tail::kept_lines) return begin;
    end = begin == 0 ? 0 : begin - 1;
  }
  return 0;
}

} // namespace

void output_tail::add(std::string_view bytes) {
  // Output may come by the gigabyte, and few of its lines stay: the others are only looked at for steps.
  const auto stays = bytes.substr(begin_of_last_lines(bytes)).data();
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto part = bytes.substr(0, end);
    bool passes = line_.empty() && end != std::string_view::npos && part.data() < stays && !may_be_step(part);
    if (!passes && line_.size() < kept_line_bytes)
      line_.append(part.substr(0, kept_line_bytes - line_.size()));
    if (end == std::string_view::npos) break;
    if (!passes) take_line();
    bytes.remove_prefix(end + 1);
  }
  if (line_.empty()) std::string().swap(line_); // an assignment would keep its memory
  if (lines_.capacity() > lines_.size() + kept_line_bytes) lines_.shrink_to_fit();
}

void output_tail::take_line() {
  auto next = may_be_step(line_) ? parse_build_step(as_utf8(line_)) : std::nullopt;
  if (next && can_follow(step_, *next)) {
    step_ = std::move(next);
    step_line_ = as_utf8(line_);
    lines_.clear();
    count_ = 0;
  } else if (!line_.empty()) {
    keep_line();
  }
  line_.clear();
}

void output_tail::keep_line() {
  for (++count_; count_ > kept_lines || lines_.size() + line_.size() >= kept_bytes; --count_)
    lines_.erase(0, lines_.find('\n') + 1);
  lines_.append(line_).append("\n");
}

std::deque<std::string> output_tail::lines() const {
  std::deque<std::string> lines;
  for (std::string_view rest = lines_; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    lines.push_back(as_utf8(rest.substr(0, rest.find('\n'))));
  if (!line_.empty()) lines.push_back(as_utf8(line_));
  return lines;
}

error explain_failure(const output_tail& tail, int exit_code, int signal) {
  auto said = last_error_line(tail);
  if (signal != 0)
    return {
        error_code::unavailable, "the build process was killed by signal " + std::to_string(signal), "", {}};
  error what{error_code::failed_precondition, said, "", {}};
  // What a RUN command prints is the user's; only the tool's own last word is matched.
  bool step_failed =
      said.find("exit status") != std::string::npos || said.find("exited with") != std::string::npos;
  if (!step_failed) {
    auto cause = behind_step(said);
    for (const auto& known : known_texts) {
      if (cause.find(known.part) == std::string_view::npos) continue;
      what.code = known.code;
      break;
    }
  }
  if (what.message.empty()) what.message = "exit status " + std::to_string(exit_code);
  if (any_of(pull_texts, said)) what.message = "cannot resolve image: " + what.message;
  if (!tail.step_line().empty()) what.message = tail.step_line() + ": " + what.message;
  return what;
}

failure_place place_of_failure(const output_tail& tail, std::string_view dockerfile) {
  failure_place where;
  if (tail.step()) where = locate_step(dockerfile, *tail.step());
  auto lines = tail.lines();
  if (!lines.empty() && lines.back().starts_with("Error: ")) lines.pop_back();
  where.last_lines.assign(lines.begin(), lines.end());
  return where;
}

fault_class fault_of(error_code code) {
  switch (code) {
  case error_code::invalid_argument:
  case error_code::not_found:
  case error_code::unauthenticated:
  case error_code::permission_denied:
  case error_code::failed_precondition:
  case error_code::out_of_range:
  case error_code::resource_exhausted:
    return fault_class::user;
  case error_code::unavailable:
  case error_code::too_many_requests:
  case error_code::deadline_exceeded:
  case error_code::cancelled:
  case error_code::data_corrupt:
  case error_code::internal:
    return fault_class::infrastructure;
  }
  return fault_class::infrastructure;
}

} // namespace ib
