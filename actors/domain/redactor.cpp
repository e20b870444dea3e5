#include "actors/domain/redactor.hpp"

#include "actors/domain/pattern_automaton.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace ib {

pattern_set::pattern_set(const std::vector<std::string>& patterns) {
  // One for each byte and the root: there are no more states.
  size_t states = 1;
  for (const auto& pattern : patterns)
    states += pattern.size();
  if (states <= size_t{1} << 8)
    automaton_ = std::make_unique<const automaton>(automaton{pattern_automaton<uint8_t>(patterns)});
  else if (states <= size_t{1} << 16)
    automaton_ = std::make_unique<const automaton>(automaton{pattern_automaton<uint16_t>(patterns)});
  else
    automaton_ = std::make_unique<const automaton>(automaton{pattern_automaton<uint32_t>(patterns)});
}

pattern_set::~pattern_set() = default;

bool pattern_set::empty() const {
  return std::visit([](const auto& automaton) { return automaton.empty(); }, automaton_->of_size);
}

redactor::redactor(std::shared_ptr<const pattern_set> patterns, std::string mask)
    : patterns_(std::move(patterns)), mask_(std::move(mask)) {}

void redactor::write(std::string_view in, std::string& out) {
  const auto open = scan(in);
  emit_until(held_begin_ + held_.size() + in.size() - open, in, out);
}

shared_text redactor::pass(std::shared_ptr<const std::string> in) {
  const auto open = scan(*in);
  if (open == 0 && held_.empty() && masked_.empty()) {
    held_begin_ += in->size();
    consumed_ = held_begin_;
    return shared_text(std::move(in));
  }
  std::string out;
  emit_until(held_begin_ + held_.size() + in->size() - open, *in, out);
  return out;
}

size_t redactor::scan(std::string_view in) {
  if (!patterns_ || patterns_->empty()) return 0;
  return std::visit([&](const auto& automaton) { return scan(automaton, in); },
                    patterns_->automaton_->of_size);
}

template <class Automaton>
size_t redactor::scan(const Automaton& automaton, std::string_view in) {
  const uint64_t in_begin = held_begin_ + held_.size();
  for (size_t i = 0; i < in.size();) {
    if (state_ == 0) {
      i = automaton.skip(in, i);
      if (i == in.size()) break;
    }
    state_ = automaton.step(state_, in[i++]);
    if (const auto length = automaton.match_length(state_)) {
      add_match(in_begin + i - length, in_begin + i);
    }
  }
  return automaton.open_length(state_);
}

void redactor::finish(std::string& out) {
  emit_until(held_begin_ + held_.size(), {}, out);
  state_ = 0;
}

void redactor::add_match(uint64_t begin, uint64_t end) {
  while (!masked_.empty() && masked_.back().end > begin) {
    begin = std::min(begin, masked_.back().begin);
    masked_.pop_back();
  }
  masked_.push_back({begin, end});
}

/// No match that is still to come begins before `decided`, so everything before is certain, but for an
/// occurrence that reaches beyond it: that one may grow, and its mask waits for its end.
void redactor::emit_until(uint64_t decided, std::string_view in, std::string& out) {
  const uint64_t in_begin = held_begin_ + held_.size();
  const auto copy = [&](uint64_t from, uint64_t to) {
    if (from >= to) return;
    if (from < in_begin) {
      const auto end = std::min(to, in_begin);
      out.append(held_, from - held_begin_, end - from);
      from = end;
    }
    if (from < to) out += in.substr(from - in_begin, to - from);
  };
  size_t done = 0;
  for (; done < masked_.size() && masked_[done].begin < decided; ++done) {
    const auto& match = masked_[done];
    copy(consumed_, match.begin);
    consumed_ = match.begin;
    if (match.end > decided) break;
    out += mask_;
    consumed_ = match.end;
  }
  const bool is_open = done < masked_.size() && masked_[done].begin < decided;
  if (!is_open) {
    copy(consumed_, decided);
    consumed_ = decided;
  }
  masked_.erase(masked_.begin(), masked_.begin() + static_cast<std::ptrdiff_t>(done));
  hold_from(decided, in);
}

void redactor::hold_from(uint64_t decided, std::string_view in) {
  const uint64_t in_begin = held_begin_ + held_.size();
  if (decided >= in_begin) {
    held_ = in.substr(decided - in_begin);
  } else {
    held_.erase(0, decided - held_begin_);
    held_ += in;
  }
  held_begin_ = decided;
}

uint64_t redactor::consumed() const { return consumed_; }

} // namespace ib
