#include "actors/engine/wsman_log.hpp"

#include "actors/engine/wsman_names.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

constexpr int most_refusals = 5;
/// A stream that lasts longer is opened again: no connection is trusted for ever.
constexpr std::chrono::hours longest_stream{1};
constexpr std::chrono::seconds longest_answer{15};

std::string in_words(const result<int>& how) {
  if (!how) return how.error().message;
  return "HTTP status " + std::to_string(*how);
}

bool is_refusal(const result<int>& how) { return how && (*how == 401 || *how == 403); }

} // namespace

bool stream_gate::enter(size_t bytes) {
  if (outstanding_.load() >= high) {
    held_ = true;
    // Whoever leaves from now on sees that the stream is held. If all have left before, nobody would.
    if (outstanding_.load() > low || !held_.exchange(false)) return false;
  }
  outstanding_.fetch_add(bytes);
  return true;
}

bool stream_gate::leave(size_t bytes) {
  return outstanding_.fetch_sub(bytes) - bytes <= low && held_.exchange(false);
}

wsman_log::wsman_log(wsman_run_impl::pointer self, std::shared_ptr<wsman_context> context, log_events events)
    : self_(self),
      context_(std::move(context)),
      events_(std::move(events)),
      next_pause_(context_->timing.first_log_pause) {}

wsman_log::~wsman_log() { drop_stream(); }

void wsman_log::begin(uint64_t taken) {
  begun_ = true;
  filter_ = replay_filter(taken);
  go_on();
}

void wsman_log::set_access(const log_access_ptr& access) {
  if (access_ && *access == *access_) return;
  access_ = access;
  refusals_ = 0;
  if (state_ == state::idle || state_ == state::pausing) go_on();
}

/// The next step, as far as is known what it is.
void wsman_log::go_on() {
  if (!begun_ || !access_ || state_ == state::finished) return;
  if (terminal_.empty())
    ask();
  else
    listen();
}

void wsman_log::ask() { open(state::asking, "/_supervisor/v1/status/tasks"); }

void wsman_log::listen() {
  exited_ = false;
  filter_.begin();
  open(state::listening, "/_supervisor/v1/terminal/listen/" + io::percent_encode(terminal_));
}

void wsman_log::open(state next, const std::string& path) {
  drop_stream();
  state_ = next;
  splitter_ = {};
  io::http_request request;
  request.url = access_->url;
  while (request.url.ends_with('/'))
    request.url.pop_back();
  request.url += path;
  request.headers.add(wsman_names::owner_token_header, access_->owner_token);
  request.ca_file = context_->log_ca_file;
  request.total_timeout = next == state::asking ? std::chrono::milliseconds(longest_answer) : longest_stream;
  gate_ = std::make_shared<stream_gate>(unacknowledged_);
  auto number = ++number_;
  wsman_run_impl run(self_);
  stream_ = context_->streams->open(
      std::move(request),
      {[run, number, gate = gate_](std::string_view bytes) {
         if (!gate->enter(bytes.size())) return false;
         caf::anon_send(run, log_bytes{number, std::make_shared<const std::string>(bytes)});
         return true;
       },
       [run, number](const result<int>& how) {
         caf::anon_send(run, log_over{number, how});
       }});
}

/// What it still tells is of an old stream from now on.
void wsman_log::drop_stream() {
  if (stream_ == 0) return;
  context_->streams->close(std::exchange(stream_, 0));
  gate_.reset();
  ++number_;
}

void wsman_log::take(const log_bytes& piece) {
  if (piece.stream != number_ || !gate_) return;
  std::string out;
  auto gate = gate_;
  auto stream = stream_;
  auto splitter = std::move(splitter_); // an object may end this stream
  auto fed = splitter.feed(*piece.bytes, [&](const std::string& object) {
    if (piece.stream != number_) return;
    if (state_ == state::asking)
      take_tasks(object);
    else
      take_frame(object, out);
  });
  pass_on(std::move(out));
  if (gate->leave(piece.bytes->size())) context_->streams->resume(stream);
  if (piece.stream != number_) return;
  splitter_ = std::move(splitter);
  if (!fed) return pause(fed.error().message, context_->timing.longest_log_pause);
  ++quiet_turn_;
  if (ending_)
    self_->delayed_send(self_, context_->timing.log_drain_quiet, log_is_quiet{quiet_turn_});
  else if (filter_.waits())
    self_->delayed_send(self_, context_->timing.log_settle, log_is_quiet{quiet_turn_});
}

void wsman_log::take_tasks(const std::string& object) {
  auto terminal = terminal_of_tasks(object);
  if (!terminal) return;
  if (!last_terminal_.empty() && *terminal != last_terminal_) filter_.forget();
  terminal_ = last_terminal_ = std::move(*terminal);
  listen();
}

void wsman_log::take_frame(const std::string& object, std::string& out) {
  heard_ = true;
  refusals_ = 0;
  next_pause_ = context_->timing.first_log_pause;
  auto frame = parse_terminal_frame(object);
  if (frame.failure) return pause(frame.failure->message, context_->timing.longest_log_pause);
  if (frame.exit) exited_ = true;
  if (frame.data.empty()) return;
  std::string fresh;
  if (filter_.feed(frame.data, fresh)) {
    pass_on(std::exchange(out, {}));
    warn_of_gap();
  }
  out += fresh;
}

void wsman_log::pass_on(std::string out) {
  if (out.empty()) return;
  unacknowledged_ += out.size();
  if (gate_) gate_->add(out.size());
  events_.output(std::move(out));
}

void wsman_log::acknowledged(size_t bytes) {
  bytes = std::min(bytes, unacknowledged_);
  unacknowledged_ -= bytes;
  if (gate_ && gate_->leave(bytes)) context_->streams->resume(stream_);
}

void wsman_log::quiet(const log_is_quiet& m) {
  if (m.turn != quiet_turn_ || state_ != state::listening) return;
  std::string out;
  if (filter_.settle(out)) warn_of_gap();
  pass_on(std::move(out));
  if (ending_) finish();
}

void wsman_log::warn_of_gap() {
  events_.note("the build's output was lost for a while; some of it may be missing here");
}

void wsman_log::over(const log_over& end) {
  if (end.stream != number_) return;
  stream_ = 0;
  gate_.reset();
  const auto& timing = context_->timing;
  if (is_refusal(end.how)) return refused(*end.how);
  if (state_ == state::asking)
    return pause(end.how && *end.how == 200 ? "no task has a terminal" : in_words(end.how),
                 timing.longest_task_pause);
  if (end.how && *end.how == 200) heard_ = true;
  if (exited_) return finish();
  // Nobody knows the terminal any more: there may be another.
  if (end.how && *end.how == 404) terminal_.clear();
  pause(in_words(end.how), timing.longest_log_pause);
}

void wsman_log::refused(int status) {
  last_trouble_ = "HTTP status " + std::to_string(status);
  if (++refusals_ < most_refusals && !ending_)
    return pause(last_trouble_, context_->timing.longest_log_pause);
  finish();
}

void wsman_log::pause(const std::string& why, std::chrono::milliseconds longest) {
  drop_stream();
  last_trouble_ = why;
  if (ending_) return finish();
  state_ = state::pausing;
  next_pause_ = std::min(next_pause_, longest);
  self_->delayed_send(self_, next_pause_, log_pause_over{++pause_turn_});
  next_pause_ *= 2;
}

void wsman_log::pause_over(const log_pause_over& m) {
  if (m.turn == pause_turn_ && state_ == state::pausing) go_on();
}

void wsman_log::end() {
  if (state_ == state::finished || std::exchange(ending_, true)) return;
  if (!begun_ || !access_) return finish();
  self_->delayed_send(self_, context_->timing.log_drain, log_drained{});
  if (state_ == state::listening)
    self_->delayed_send(self_, context_->timing.log_drain_quiet, log_is_quiet{++quiet_turn_});
  // A last try: a short build may be over before its terminal was found.
  if (state_ == state::pausing) go_on();
}

void wsman_log::close() {
  if (!ending_) heard_ = true; // nobody wants to any more
  finish();
}

void wsman_log::finish() {
  if (state_ == state::finished) return;
  // A terminal that says nothing is heard, too; one whose stream has ended told how.
  heard_ = heard_ || (state_ == state::listening && stream_ != 0);
  drop_stream();
  state_ = state::finished;
  std::string out;
  if (exited_ && filter_.settle(out)) warn_of_gap();
  pass_on(std::move(out));
  if (!heard_)
    events_.note((filter_.taken() > 0 ? "the rest of the build's output could not be had: "
                                      : "the build's output could not be had: ") +
                 (last_trouble_.empty() ? std::string("its address was never told") : last_trouble_));
  events_.finished();
}

std::vector<std::string> wsman_log::last_lines() const {
  std::vector<std::string> lines;
  std::string_view rest = filter_.tail();
  // The first line is cut off, unless everything is there.
  if (filter_.taken() > rest.size()) rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    while (line.ends_with('\r'))
      line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

} // namespace ib
