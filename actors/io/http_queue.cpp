#include "actors/io/http_queue.hpp"

#include <algorithm>

namespace ib::io {

bool http_queue::enter(const std::string& host) {
  auto& mine = lane_of(host);
  if (mine.waiting.empty() && may_start(mine)) {
    start_one(mine);
    return true;
  }
  forget_if_idle(mine);
  return false;
}

void http_queue::leave(const std::string& host) {
  auto& mine = lane_of(host);
  --mine.under_way;
  --under_way_;
  forget_if_idle(mine);
}

void http_queue::add(item transfer) {
  auto& mine = lane_of(transfer->host());
  if (mine.waiting.empty()) mine.turn = turns_.insert(turns_.end(), &mine);
  const auto id = transfer->id();
  deadlines_.emplace(transfer->deadline(), id);
  mine.waiting.push_back(std::move(transfer));
  places_.emplace(id, place{&mine, std::prev(mine.waiting.end())});
}

// Passes over hosts that have their fill; those are few, since each of them takes its part of the whole.
http_queue::item http_queue::next() {
  auto turn = std::find_if(turns_.begin(), turns_.end(), [this](const lane* one) { return may_start(*one); });
  if (turn == turns_.end()) return nullptr;
  auto& mine = **turn;
  turns_.splice(turns_.end(), turns_, turn);
  start_one(mine);
  return take_out({&mine, mine.waiting.begin()});
}

http_queue::item http_queue::take(uint64_t id) {
  auto found = places_.find(id);
  return found == places_.end() ? nullptr : take_out(found->second);
}

std::vector<http_queue::item> http_queue::take_late(clock::time_point now) {
  std::vector<item> late;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now)
    late.push_back(take(deadlines_.begin()->second));
  return late;
}

std::optional<http_queue::clock::time_point> http_queue::first_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

http_queue::lane& http_queue::lane_of(const std::string& host) {
  auto [found, is_new] = lanes_.try_emplace(host);
  if (is_new) found->second.host = host;
  return found->second;
}

void http_queue::start_one(lane& mine) {
  ++mine.under_way;
  ++under_way_;
}

http_queue::item http_queue::take_out(place from) {
  auto& mine = *from.where;
  auto transfer = std::move(*from.what);
  mine.waiting.erase(from.what);
  if (mine.waiting.empty()) turns_.erase(mine.turn);
  places_.erase(transfer->id());
  deadlines_.erase({transfer->deadline(), transfer->id()});
  forget_if_idle(mine);
  return transfer;
}

void http_queue::forget_if_idle(lane& one) {
  if (one.under_way > 0 || !one.waiting.empty()) return;
  const auto host = one.host; // erase() must not read its key from what it erases
  lanes_.erase(host);
}

} // namespace ib::io
