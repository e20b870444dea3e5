#pragma once

#include "actors/domain/queue_policy.hpp"
#include "actors/insist.hpp"
#include "actors/interfaces.hpp"
#include "actors/metrics.hpp"
#include "actors/running_builds.hpp"
#include "actors/service_health.hpp"

#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

struct director_settings {
  queue_limits limits;
  uint64_t log_retention_bytes = 64ULL << 20;
  std::shared_ptr<service_health> health = std::make_shared<service_health>(); ///< told while it recovers
  std::shared_ptr<metrics> meter = std::make_shared<metrics>();
};

/// Time to ask the journal again for the builds that have not ended.
struct read_the_books {};
/// Time to ask the journal again to keep a new build.
struct keep_again {
  std::string build_id;
  int tries = 0; ///< that are left
};

/// Joins have been collected long enough.
struct count_joins {};

/// From the service: other limits from now on.
struct change_limits {
  queue_limits limits;
};

using director_impl = director_actor::extend<caf::reacts_to<change_limits>, caf::reacts_to<read_the_books>,
                                             caf::reacts_to<keep_again>, caf::reacts_to<count_joins>,
                                             caf::reacts_to<say_again>>;

/// Knows the one build of each workspace reference and who may run now. After a crash it finds all of this
/// again in the journal.
class direction {
public:
  explicit direction(director_impl::pointer self) : self_(self) {}
  ~direction();

  void begin(std::shared_ptr<running_builds_board> board, director_settings settings);
  caf::typed_response_promise<build_admitted> admit(const admit_build& wish);
  /// Soon counts what is on the ledger of joins.
  void expect_joins();
  void count_joins_noted();
  void ready(const build_ready& who);
  void ended(const build_ended& who);
  caf::typed_response_promise<cancel_answer> cancel(const cancel_build& wish);
  void adopt(const adopt_build& wish);
  void read_books();
  void change(const queue_limits& limits);
  void keep(const std::string& build_id, int tries);

private:
  using promise = caf::typed_response_promise<build_admitted>;
  struct held_cancel {
    cancel_build wish;
    caf::typed_response_promise<cancel_answer> answer;
  };
  struct entry {
    channel_ptr channel;
    build_actor actor;                          ///< null until it introduced itself
    bool kept = false;                          ///< the journal has it
    std::vector<promise> waiting;               ///< answered once it is kept
    std::shared_ptr<const build_record> record; ///< until it is kept
    std::vector<held_cancel> cancels;           ///< until it introduced itself
    bool is_in_doubt = false;                   ///< the journal gave no answer
  };
  struct success {
    std::string workspace_ref;
    channel_ptr channel; ///< of the last few only
    uint64_t epoch = 0;
  };

  void recover(const std::vector<build_record>& records);
  void look_at_what_waited();
  void books_are_closed(error why);
  void keep_later(const std::string& build_id, int tries);
  void start(const admit_build& wish, promise answer);
  void start(const std::shared_ptr<const build_plan>& plan, bool may_run, std::vector<promise> waiting);
  void joined(const join_note& who);
  void note_request(const std::string& build_id, const std::string& triggered_by, bool joined);
  void kept(const std::string& build_id, const result<void>& outcome);
  static void answer(entry& build, const result<void>& outcome);
  void settle_doubts(const std::vector<build_record>& records);
  void have_started(const start_build& wish);
  void pass_on(const entry& build, const held_cancel& cancel);
  void tell_place(const std::string& build_id, const entry& who);
  void run(const std::vector<std::string>& granted);
  void show_limits() const;
  void count_end(const build_channel& channel);
  void publish();
  channel_ptr recent_success(const admit_build& wish) const;

  director_impl::pointer self_;
  std::shared_ptr<running_builds_board> board_;
  director_settings settings_;
  std::unique_ptr<queue_policy> queue_;
  std::map<std::string_view, entry> entries_;           ///< by build id, which the channel holds
  std::map<std::string_view, std::string_view> by_ref_; ///< workspace reference -> build id, alike
  running_builds shown_;                                ///< those that are kept, as they were last published
  std::deque<success> successes_;                       ///< the last few, newest first
  uint64_t epoch_ = 0;
  bool counts_joins_soon_ = false;
  std::optional<error> books_closed_; ///< why the builds that have not ended are not known
};

struct director_state {
  explicit director_state(director_impl::pointer self) : work(self) {}
  direction work;
};

director_impl::behavior_type director(director_impl::stateful_pointer<director_state> self,
                                      std::shared_ptr<running_builds_board> board,
                                      director_settings settings);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::read_the_books)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::keep_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::count_joins)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::change_limits)
