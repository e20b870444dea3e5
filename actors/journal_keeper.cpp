#include "actors/journal_keeper.hpp"

#include "actors/guard.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace ib {

journal_actor::behavior_type journal_keeper(journal_actor::pointer self,
                                            std::shared_ptr<journal_store> store) {
  keep_what(self, "journal");
  return {
      [store](const journal_create& m) { return journal_kept{store->create(m.record)}; },
      [store](const journal_advance& m) {
        return journal_kept{store->advance(m.build_id, m.machine, m.deadline)};
      },
      [store](const journal_append& m) {
        return journal_kept{store->append_log(m.build_id, m.bytes, m.raw_offset)};
      },
      [store](const journal_find& m) {
        return journal_found{m.build_id.empty() ? store->find_newest(m.workspace_ref)
                                                : store->find(m.build_id)};
      },
      [store](const journal_list_unfinished&) { return journal_unfinished{store->unfinished()}; },
  };
}

} // namespace ib
