#pragma once

#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace ib::test {

/// A store in a folder of its own that can be closed and opened again, as by another process.
struct kept_store {
  explicit kept_store(uint64_t log_bytes_per_build = 0) : log_bytes(log_bytes_per_build) { reopen(); }

  void reopen() {
    store.reset();
    store = open_durable_store({folder.path() / "journal", log_bytes, false, log_url});
  }
  bool create(const build_record& record) { return keep_now(*store, record); }
  bool advance(const std::string& id, const machine_state& machine, const std::string& message = "step") {
    status_update step{build_status::running, message};
    if (is_terminal(machine.state)) step.status = build_status::failure;
    step.state = machine.state;
    step.attempt = machine.attempt;
    step.at_ms = ++now_ms;
    step.is_step = true;
    step.failure = machine.failure;
    return store->advance(id, machine, {}, step) && store->commit();
  }
  bool finish(const std::string& id) { return advance(id, {build_state::failed, 1, "no"}, "no"); }
  bool append(const std::string& id, const std::string& text, uint64_t raw_offset) {
    auto at = store->find(id)->channel->log().end_offset();
    return store->append_log(id, text, at, raw_offset).has_value();
  }
  /// As its readers get it.
  std::string log_of(const std::string& id, uint64_t offset = 0) const {
    auto record = store->find(id);
    REQUIRE(record);
    auto log = store->read_log(*record, offset);
    REQUIRE(log);
    return log_text(*record->channel);
  }
  std::filesystem::path log_file(const std::string& id) const {
    return folder.path() / "journal" / "logs" / id / "00000000000000000000.log";
  }

  temp_dir folder;
  uint64_t log_bytes;
  std::function<std::string(const std::string&)> log_url;
  int64_t now_ms = 1'700'000'000'000;
  std::unique_ptr<journal_store> store;
};

} // namespace ib::test
