#include "gateway/debug/event_stream.hpp"

#include "actors/io/utc_time.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace ib {

namespace {

constexpr size_t piece_bytes = size_t{64} * 1024;

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add(std::string& list, const std::string& item) {
  if (!list.empty()) list += ',';
  list += item;
}

} // namespace

debug_feed::debug_feed(debug_sources from, size_t series_points)
    : from_(std::move(from)), series_(series_points) {}

void debug_feed::beat(bool sample) {
  if (sample) {
    auto at = io::unix_ms_now();
    from_.actors->measure_rates(at);
    series_.add(at, measure(from_, rates_, at));
  }
  std::vector<std::shared_ptr<http::waker>> woken;
  bool looked_at = false;
  {
    std::lock_guard held(lock_);
    looked_at = !sleepers_.empty();
  }
  // Nobody waits while it looks around.
  auto view = looked_at ? look() : nullptr;
  {
    std::lock_guard held(lock_);
    ++latest_.number;
    latest_.view = std::move(view);
    woken.swap(sleepers_);
  }
  for (const auto& one : woken)
    one->wake();
}

debug_feed::moment debug_feed::now() {
  moment newest;
  {
    std::lock_guard held(lock_);
    newest = latest_;
  }
  if (!newest.view) newest.view = look();
  return newest;
}

bool debug_feed::park(uint64_t seen, const std::shared_ptr<http::waker>& who) {
  std::lock_guard held(lock_);
  if (latest_.number != seen) return false;
  sleepers_.push_back(who);
  return true;
}

std::shared_ptr<const debug_view> debug_feed::look() const {
  return std::make_shared<const debug_view>(
      debug_view{state_json(from_), build_rows(from_), actor_rows(from_), resolver_json(from_)});
}

http::pulled event_stream::next(std::string& piece) {
  if (position_ == text_.size()) {
    auto moment = feed_->now();
    bool first = !std::exchange(begun_, true);
    text_.clear();
    position_ = 0;
    if (!first && moment.number == seen_) return http::pulled::nothing;
    seen_ = moment.number;
    say("state", moment.view->state);
    say_changes("builds", moment.view->builds, builds_, first);
    say_changes("actors", moment.view->actors, actors_, first);
    if (auto newest = feed_->series().last(); first || newest != seen_series_) {
      seen_series_ = newest;
      say("series", series_json(feed_->series().read()));
    }
    if (first || moment.view->registries != registries_) {
      registries_ = moment.view->registries;
      say("registries", registries_);
    }
  }
  piece = text_.substr(position_, piece_bytes);
  position_ += piece.size();
  return http::pulled::piece;
}

void event_stream::say(const char* event, const std::string& data) {
  text_ += std::string("event: ") + event + "\ndata: " + data + "\n\n";
}

void event_stream::say_changes(const char* event, const std::vector<debug_row>& rows, known_rows& known,
                               bool whole) {
  std::string changed;
  std::string gone;
  known_rows now;
  for (const auto& row : rows) {
    auto before = known.find(row.id);
    if (before == known.end() || before->second != row.lasting) add(changed, row.text());
    now.emplace(row.id, row.lasting);
  }
  for (const auto& [id, text] : known)
    if (!now.contains(id)) add(gone, quoted(id));
  known = std::move(now);
  if (!whole && changed.empty() && gone.empty()) return;
  say(event, std::string(R"({"whole":)") + (whole ? "true" : "false") + R"(,"rows":[)" + changed +
                 R"(],"gone":[)" + gone + "]}");
}

} // namespace ib
