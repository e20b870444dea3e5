#include "actors/journal_writer.hpp"

#include "actors/ask.hpp"
#include "actors/names.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

namespace {

/// Between two tries while the journal restarts, and while its storage fails.
constexpr std::chrono::milliseconds restart_pause{200};
constexpr std::chrono::milliseconds storage_pause{1000};
/// A write that leaves the journal without an answer so often is what kills it.
constexpr int max_silences = 25;

} // namespace

void journal_writer::begin(build_impl::pointer self, std::string build_id, uint64_t log_end,
                           trouble_handler on_trouble, trouble_handler on_refusal) {
  self_ = self;
  build_id_ = std::move(build_id);
  log_end_ = log_end;
  on_trouble_ = std::move(on_trouble);
  on_refusal_ = std::move(on_refusal);
}

void journal_writer::append(shared_text bytes, uint64_t raw_offset, kept_handler then) {
  auto at = log_end_;
  log_end_ += bytes.size();
  // What is on its way may not change any more.
  bool joins = queue_.size() > (on_its_way_ ? 1 : 0);
  auto* last = joins ? std::get_if<journal_append>(&queue_.back().write) : nullptr;
  if (last != nullptr) {
    last->bytes.add(bytes);
    last->raw_offset = raw_offset;
    queue_.back().then.push_back(std::move(then));
    return;
  }
  queue_.push_back({journal_append{build_id_, std::move(bytes), at, raw_offset}, {std::move(then)}});
  if (queue_.size() == 1) send_front();
}

void journal_writer::advance(journal_advance step, kept_handler then) {
  queue_.push_back({std::move(step), {std::move(then)}});
  if (queue_.size() == 1) send_front();
}

void journal_writer::retry() {
  if (!on_its_way_ && !queue_.empty()) send_front();
}

void journal_writer::send_front() {
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return wait(restart_pause);
  on_its_way_ = true;
  std::visit(
      [&](const auto& write) {
        take_answer<journal_kept>(
            self_, self_->request(journal, ask_timeout, write),
            [this](const journal_kept& kept) { answered(kept.outcome); },
            [this](const caf::error&) {
              on_its_way_ = false;
              // The same again is harmless if it was kept after all.
              if (++silences_ > max_silences) return on_refusal_("the journal did not answer");
              wait(restart_pause);
            });
      },
      queue_.front().write);
}

void journal_writer::answered(const result<void>& outcome) {
  on_its_way_ = false;
  silences_ = 0;
  if (!outcome) {
    if (outcome.error().code != error_code::unavailable) return on_refusal_(outcome.error().message);
    if (!std::exchange(troubled_, true)) on_trouble_(outcome.error().message);
    return wait(storage_pause);
  }
  troubled_ = false;
  auto then = std::move(queue_.front().then);
  queue_.pop_front();
  if (!queue_.empty()) send_front();
  for (auto& kept : then)
    kept();
}

void journal_writer::wait(std::chrono::milliseconds pause) {
  self_->delayed_send(self_, pause, build_journal_retry{});
}

} // namespace ib
