#pragma once

#include "actors/interfaces.hpp"
#include "actors/journal_store.hpp"

#include <memory>

namespace ib {

/// Serializes all access to the journal store. The store belongs to the root supervisor, so that a crash here
/// loses nothing.
journal_actor::behavior_type journal_keeper(journal_actor::pointer self,
                                            std::shared_ptr<journal_store> store);

} // namespace ib
