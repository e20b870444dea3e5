#include "actors/build_channel.hpp"
#include "actors/journal_store.hpp"

#include <deque>
#include <map>

namespace ib {

namespace {

error unknown_build(const std::string& what) {
  return {error_code::not_found, "no build " + what + " is known", "", {}};
}

class memory_store final : public journal_store {
public:
  memory_store(size_t finished_builds, uint64_t finished_log_bytes)
      : finished_limit_(finished_builds), byte_limit_(finished_log_bytes) {}

  result<void> create(build_record record) override {
    const auto id = record.plan->build_id;
    const auto ref = record.plan->workspace_ref;
    if (!records_.emplace(id, std::move(record)).second)
      return error{error_code::failed_precondition, "build " + id + " is known already", "", {}};
    newest_[ref] = id;
    order_.push_back(id);
    return {};
  }

  result<void> advance(const std::string& build_id, const machine_state& machine,
                       std::optional<std::chrono::steady_clock::time_point> deadline) override {
    auto found = records_.find(build_id);
    if (found == records_.end()) return unknown_build(build_id);
    auto& record = found->second;
    bool ends_now = is_terminal(machine.state) && !is_terminal(record.machine.state);
    // A new attempt has an output of its own, counted from 0.
    if (machine.attempt != record.machine.attempt) record.raw_offset = 0;
    record.machine = machine;
    record.deadline = deadline;
    if (ends_now) end(record);
    return {};
  }

  result<void> append_log(const std::string& build_id, std::string_view bytes, uint64_t raw_offset) override {
    auto found = records_.find(build_id);
    if (found == records_.end()) return unknown_build(build_id);
    found->second.channel->log().append(bytes);
    found->second.raw_offset = raw_offset;
    return {};
  }

  result<build_record> find(const std::string& build_id) const override {
    auto found = records_.find(build_id);
    if (found == records_.end()) return unknown_build(build_id);
    return found->second;
  }

  result<build_record> find_newest(const std::string& workspace_ref) const override {
    auto found = newest_.find(workspace_ref);
    if (found == newest_.end()) return unknown_build("of " + workspace_ref);
    return find(found->second);
  }

  std::vector<build_record> unfinished() const override {
    std::vector<build_record> list;
    for (const auto& id : order_)
      list.push_back(records_.at(id));
    return list;
  }

private:
  void end(build_record& record) {
    record.channel->log().close();
    const auto& id = record.plan->build_id;
    std::erase(order_, id);
    finished_.push_back(id);
    finished_bytes_ += kept_bytes(record);
    // Of one build at least the log is kept, however long it is.
    while (finished_.size() > finished_limit_ || (finished_bytes_ > byte_limit_ && finished_.size() > 1))
      forget(finished_.front());
  }

  void forget(const std::string& oldest) {
    auto found = records_.find(oldest);
    auto newest = newest_.find(found->second.plan->workspace_ref);
    if (newest != newest_.end() && newest->second == oldest) newest_.erase(newest);
    finished_bytes_ -= kept_bytes(found->second);
    records_.erase(found);
    finished_.pop_front();
  }

  static uint64_t kept_bytes(const build_record& record) {
    const auto& log = record.channel->log();
    return log.end_offset() - log.begin_offset();
  }

  size_t finished_limit_;
  uint64_t byte_limit_;
  uint64_t finished_bytes_ = 0; ///< of the logs of finished builds
  std::map<std::string, build_record> records_;
  std::map<std::string, std::string> newest_; ///< workspace reference -> build id
  std::deque<std::string> order_;             ///< unfinished builds, oldest first
  std::deque<std::string> finished_;          ///< oldest first
};

} // namespace

std::unique_ptr<journal_store> make_memory_store(size_t finished_builds, uint64_t finished_log_bytes) {
  return std::make_unique<memory_store>(finished_builds, finished_log_bytes);
}

} // namespace ib
