#include "actors/faulty_store.hpp"

#include <utility>

namespace ib {

namespace {

class faulty_store final : public journal_store {
public:
  faulty_store(std::unique_ptr<journal_store> store, std::shared_ptr<io::fault_points> faults)
      : store_(std::move(store)), faults_(std::move(faults)) {}

  result<void> create(build_record record) override {
    if (auto met = meet(); !met) return met;
    return store_->create(std::move(record));
  }
  result<void> advance(const std::string& build_id, const machine_state& machine,
                       std::optional<std::chrono::steady_clock::time_point> deadline,
                       const std::optional<status_update>& step) override {
    if (auto met = meet(); !met) return met;
    return store_->advance(build_id, machine, deadline, step);
  }
  /// A commit that fails keeps nothing.
  result<void> commit() override {
    if (auto met = meet(); !met) {
      store_->discard();
      return met;
    }
    return store_->commit();
  }
  void discard() override { store_->discard(); }
  result<void> append_log(const std::string& build_id, const shared_text& bytes, uint64_t at,
                          uint64_t raw_offset) override {
    if (auto met = meet(); !met) return met;
    return store_->append_log(build_id, bytes, at, raw_offset);
  }
  result<void> note_request(const request_note& note) override {
    if (auto met = meet(); !met) return met;
    return store_->note_request(note);
  }
  result<void> note_answer(const std::string& build_id, const std::string& url,
                           const std::string& answer) override {
    if (auto met = meet(); !met) return met;
    return store_->note_answer(build_id, url, answer);
  }
  result<build_record> find(const std::string& build_id) override {
    if (auto met = meet(); !met) return met.error();
    return store_->find(build_id);
  }
  result<build_record> find_newest(const std::string& workspace_ref) override {
    if (auto met = meet(); !met) return met.error();
    return store_->find_newest(workspace_ref);
  }
  result<log_buffer::pin> read_log(const build_record& build, uint64_t offset) override {
    if (auto met = meet(); !met) return met.error();
    return store_->read_log(build, offset);
  }
  bool let_logs_go() override { return store_->let_logs_go(); }
  result<build_description> describe(const std::string& build_id) override {
    if (auto met = meet(); !met) return met.error();
    return store_->describe(build_id);
  }
  result<build_page> list(const build_filter& filter) override {
    if (auto met = meet(); !met) return met.error();
    return store_->list(filter);
  }
  result<std::vector<build_record>> unfinished() override {
    if (auto met = meet(); !met) return met.error();
    return store_->unfinished();
  }
  result<void> try_out() override {
    if (auto met = meet(); !met) return met;
    return store_->try_out();
  }
  result<void> retain(const retention_limits& limits) override {
    if (auto met = meet(); !met) return met;
    return store_->retain(limits);
  }

private:
  /// The journal has a thread of its own, which may wait.
  result<void> meet() { return io::meet_faults(faults_.get(), io::fault_place::journal, {}); }

  std::unique_ptr<journal_store> store_;
  std::shared_ptr<io::fault_points> faults_;
};

} // namespace

std::unique_ptr<journal_store> make_faulty_store(std::unique_ptr<journal_store> store,
                                                 std::shared_ptr<io::fault_points> faults) {
  return std::make_unique<faulty_store>(std::move(store), std::move(faults));
}

} // namespace ib
