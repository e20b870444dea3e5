#include "actors/engine/wsman_replay.hpp"

#include <algorithm>
#include <utility>

namespace ib {

void replay_filter::begin() {
  // What was counted only in part tells nothing of the last bytes that were let through.
  if (mode_ == mode::counting) {
    head_.clear();
    tail_.clear();
  }
  held_.clear();
  seen_ = 0;
  if (taken_ == 0)
    mode_ = mode::through;
  else if (!head_.empty())
    mode_ = mode::comparing;
  else
    mode_ = tail_.empty() ? mode::counting : mode::searching;
}

bool replay_filter::feed(std::string_view in, std::string& out) {
  switch (mode_) {
  case mode::through:
    let_through(in, out);
    return false;
  case mode::comparing:
    return compare(in, out);
  case mode::skipping:
    skip(in, out);
    return false;
  case mode::counting:
    // What is skipped is what was let through: it is known from now on.
    remember(in.substr(0, std::min<uint64_t>(in.size(), taken_ - seen_)), seen_);
    skip(in, out);
    return false;
  case mode::searching:
    return search(in, out);
  }
  return false;
}

bool replay_filter::settle(std::string& out) {
  if (!waits()) return false;
  if (mode_ == mode::counting) {
    // Less than was printed: the terminal has lost the beginning, and where the rest belongs is a guess.
    head_.clear();
    mode_ = mode::through;
  } else {
    release(out);
  }
  return true;
}

bool replay_filter::waits() const {
  return (mode_ == mode::counting && seen_ > 0) || (mode_ == mode::searching && !held_.empty());
}

void replay_filter::forget() {
  earlier_ += std::exchange(taken_, 0);
  head_.clear();
  tail_.clear();
  mode_ = mode::through;
}

void replay_filter::let_through(std::string_view bytes, std::string& out) {
  remember(bytes, taken_);
  taken_ += bytes.size();
  out += bytes;
}

/// `bytes` follow what is remembered, and stand at `at` of the terminal.
void replay_filter::remember(std::string_view bytes, uint64_t at) {
  if (head_.size() == at && at < head_bytes) head_ += bytes.substr(0, head_bytes - head_.size());
  tail_ += bytes.substr(bytes.size() - std::min(bytes.size(), tail_bytes));
  if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
}

bool replay_filter::compare(std::string_view in, std::string& out) {
  held_ += in;
  auto both = std::min(held_.size(), head_.size());
  auto whole = std::string_view(held_).substr(0, both);
  if (whole == std::string_view(head_).substr(0, both)) {
    if (both < head_.size()) return false;
    mode_ = mode::skipping;
    skip(std::exchange(held_, {}), out);
    return false;
  }
  // No terminal keeps so little that it would have lost the beginning of this: it is something else.
  if (taken_ <= tail_.size()) {
    release(out);
    return true;
  }
  mode_ = mode::searching;
  return search(std::exchange(held_, {}), out);
}

void replay_filter::skip(std::string_view in, std::string& out) {
  auto known = std::min<uint64_t>(in.size(), taken_ - seen_);
  seen_ += known;
  if (seen_ < taken_) return;
  mode_ = mode::through;
  let_through(in.substr(known), out);
}

bool replay_filter::search(std::string_view in, std::string& out) {
  auto from = held_.size() - std::min(held_.size(), tail_.size() - 1);
  held_ += in;
  auto place = std::string::npos;
  for (auto at = held_.find(tail_, from); at != std::string::npos; at = held_.find(tail_, at + 1))
    place = at;
  if (place != std::string::npos) {
    held_.erase(0, place + tail_.size());
    release(out);
    return false;
  }
  if (held_.size() <= search_bytes) return false;
  release(out);
  return true;
}

void replay_filter::release(std::string& out) {
  mode_ = mode::through;
  let_through(std::exchange(held_, {}), out);
}

} // namespace ib
