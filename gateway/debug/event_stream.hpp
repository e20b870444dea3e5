#pragma once

#include "gateway/debug/view.hpp"
#include "gateway/http/exchange.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ib {

/// What is shown now, made at most once a beat for however many look, and who waits for the next one.
class debug_feed {
public:
  debug_feed(debug_sources from, size_t series_points);

  /// A second has passed: looks around where somebody looks on, and wakes everyone. `sample`: also measures a
  /// point of the time series.
  void beat(bool sample);

  struct moment {
    uint64_t number = 0;
    std::shared_ptr<const debug_view> view;
  };
  /// The newest moment; one is made where there is none yet.
  moment now();
  /// To be woken at the next beat; false where `seen` is not the newest moment any more.
  bool park(uint64_t seen, const std::shared_ptr<http::waker>& who);

  const debug_sources& sources() const { return from_; }
  const time_series& series() const { return series_; }

private:
  std::shared_ptr<const debug_view> look() const;

  debug_sources from_;
  time_series series_;
  std::map<std::string, rate_of> rates_; ///< of the one who beats
  std::mutex lock_;
  moment latest_;
  std::vector<std::shared_ptr<http::waker>> sleepers_;
};

/// The server-sent events of one looker. The first say everything; each beat then says what has changed:
///   event: state       the overview
///   event: builds      {"whole":bool,"rows":[…],"gone":[ids]}, those that run or wait
///   event: actors      the same of the actors
///   event: series      the time series, where it has a new point
///   event: registries  how each registry fares and what was resolved ahead of time, where that has changed
class event_stream final : public http::body_source {
public:
  explicit event_stream(std::shared_ptr<debug_feed> feed) : feed_(std::move(feed)) {}

  http::pulled next(std::string& piece) override;
  bool park(const std::shared_ptr<http::waker>& who) override { return feed_->park(seen_, who); }

private:
  using known_rows = std::map<std::string, std::string>;
  void say(const char* event, const std::string& data);
  void say_changes(const char* event, const std::vector<debug_row>& rows, known_rows& known, bool whole);

  std::shared_ptr<debug_feed> feed_;
  bool begun_ = false;
  uint64_t seen_ = 0;
  uint64_t seen_series_ = 0;
  known_rows builds_;
  known_rows actors_;
  std::string registries_;
  std::string text_;    ///< of the moment that is being sent
  size_t position_ = 0; ///< in it
};

} // namespace ib
