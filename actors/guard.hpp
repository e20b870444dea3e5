#pragma once

#include "actors/actor_log.hpp"

#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include <exception>
#include <string>

namespace ib {

/// What an exception says, for the log and the reason of a crash.
inline std::string what_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

/// Makes an exception in an actor's handler end that actor with a reason that `log` hears of; its supervisor
/// decides what follows. `who` outlives the actor.
template <class Self>
void keep_what(Self* self, const std::string& who, io::bound_log log) {
  self->set_exception_handler([&who, log = std::move(log)](std::exception_ptr& failure) -> caf::error {
    auto what = what_of(failure);
    log.error("actor crashed", {{"what", what}});
    return caf::make_error(caf::sec::runtime_error, who + ": " + what);
  });
}

} // namespace ib
