#pragma once

#include "actors/interfaces.hpp"
#include "actors/journal_store.hpp"
#include "actors/metrics.hpp"
#include "actors/storage_board.hpp"

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <vector>

namespace ib {

/// Everything that was staged since the last one becomes durable.
struct commit_batch {};
/// Notes that nobody waits for have been staged long enough.
struct commit_notes {};
/// Time to look for finished builds that are too old.
struct retain_builds {};
/// Time to see whether the storage works again.
struct try_storage {};
/// Time to let those logs leave memory that nobody reads any more.
struct look_for_unread_logs {};

/// From the service: other limits from now on.
struct change_retention {
  retention_limits limits;
};

using journal_impl = journal_actor::extend<caf::reacts_to<change_retention>, caf::reacts_to<commit_batch>,
                                           caf::reacts_to<commit_notes>, caf::reacts_to<retain_builds>,
                                           caf::reacts_to<try_storage>, caf::reacts_to<look_for_unread_logs>>;

/// Serializes all access to the journal store, in group commits: writes that are in the mailbox together
/// become durable together, and their askers are answered then. Notes, which nobody waits for, go with the
/// next of these, or a little later: else each of a crowd that joins a build would have the disk synced. The
/// store belongs to the root supervisor, so that a crash here loses nothing that was answered.
class journal_work {
public:
  explicit journal_work(journal_impl::pointer self) : self_(self) {}
  ~journal_work();

  void begin(std::shared_ptr<journal_store> store, std::shared_ptr<storage_board> board,
             retention_limits limits, std::shared_ptr<metrics> meter);
  caf::typed_response_promise<journal_kept> create(const journal_create& m);
  caf::typed_response_promise<journal_kept> advance(const journal_advance& m);
  journal_kept append(const journal_append& m);
  caf::typed_response_promise<journal_kept> note_answer(const journal_note_answer& m);
  void note(const result<void>& staged);
  void commit();
  void commit_notes_staged();
  /// Removes what is kept too long, and sees whether the storage works before a build finds out.
  void retain();
  void change(retention_limits limits);
  /// While the service is not ready because of its storage nobody may come to write: the keeper looks itself.
  void look_again();
  journal_found find(const journal_find& m);
  void let_logs_go();

  journal_store& store() { return *store_; }
  /// The store without anything staged: for reading.
  journal_store& settled();

private:
  using promise = caf::typed_response_promise<journal_kept>;

  promise wait_for_commit(const result<void>& staged);
  void schedule_commit();
  void watch(std::string& trouble, const result<void>& outcome);
  void will_look_again();
  void will_let_logs_go();

  journal_impl::pointer self_;
  std::shared_ptr<journal_store> store_;
  std::shared_ptr<storage_board> board_;
  std::shared_ptr<metrics> meter_;
  storage_state state_;
  std::string database_trouble_;
  std::string log_trouble_;
  retention_limits limits_;
  std::vector<promise> waiting_;  ///< for the commit
  bool staged_ = false;           ///< there is something to commit
  bool commit_scheduled_ = false; ///< somebody waits for it
  bool notes_scheduled_ = false;
  bool retain_due_ = false;
  bool will_look_again_ = false;
  bool will_let_logs_go_ = false;
};

struct journal_keeper_state {
  explicit journal_keeper_state(journal_impl::pointer self) : work(self) {}
  journal_work work;
};

journal_impl::behavior_type journal_keeper(journal_impl::stateful_pointer<journal_keeper_state> self,
                                           std::shared_ptr<journal_store> store,
                                           std::shared_ptr<storage_board> board, retention_limits limits,
                                           std::shared_ptr<metrics> meter);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::commit_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::commit_notes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::retain_builds)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::change_retention)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::try_storage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::look_for_unread_logs)
