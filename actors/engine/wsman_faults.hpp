#pragma once

#include "actors/engine/wsman_manager.hpp"
#include "actors/io/fault_points.hpp"

#include <memory>

namespace ib {

/// A ws-manager whose calls meet injected faults first (io::fault_place::wsman).
std::shared_ptr<workspace_manager> make_faulty_manager(std::shared_ptr<workspace_manager> manager,
                                                       std::shared_ptr<io::fault_points> faults);

} // namespace ib
