#pragma once

#include "actors/io/fault_points.hpp"
#include "actors/journal_store.hpp"

#include <memory>

namespace ib {

/// A store whose calls meet injected faults first (io::fault_place::journal).
std::unique_ptr<journal_store> make_faulty_store(std::unique_ptr<journal_store> store,
                                                 std::shared_ptr<io::fault_points> faults);

} // namespace ib
