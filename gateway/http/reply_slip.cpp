#include "gateway/http/reply_slip.hpp"

#include "gateway/http/connection.hpp"

#include <utility>

namespace ib::http {

// A connection is only ever locked on its server's thread: the last reference must not be dropped elsewhere.

reply_slip::reply_slip(std::shared_ptr<loop> events, std::weak_ptr<connection> to, uint64_t number)
    : events_(std::move(events)), to_(std::move(to)), number_(number) {}

reply_slip::~reply_slip() { answer(plain(503, "the request was lost inside the service; try again")); }

void reply_slip::answer(response whole) {
  if (given_.exchange(true)) return;
  events_->post([to = to_, number = number_, whole = std::move(whole)]() mutable {
    if (auto held = to.lock()) held->take_answer(number, std::move(whole));
  });
}

void reply_slip::stream(response head, std::unique_ptr<body_source> body) {
  if (given_.exchange(true)) return;
  events_->post([to = to_, number = number_, head = std::move(head), body = std::move(body)]() mutable {
    if (auto held = to.lock()) held->take_stream(number, std::move(head), std::move(body));
  });
}

stream_waker::stream_waker(std::shared_ptr<loop> events, std::weak_ptr<connection> sleeper)
    : events_(std::move(events)), state_(std::make_shared<state>()) {
  state_->sleeper = std::move(sleeper);
}

void stream_waker::wake() {
  if (state_->posted.exchange(true)) return;
  events_->post([state = state_] {
    state->posted = false;
    if (auto held = state->sleeper.lock()) held->woken();
  });
}

} // namespace ib::http
