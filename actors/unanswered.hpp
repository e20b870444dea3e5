#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/typed_response_promise.hpp>

namespace ib {

/// Tells who still waits for an answer that none will come. An actor says so as it ends: CAF tells only those
/// whose questions are in the mailbox still, all others would wait until their time is up.
template <class Answer>
void leave_unanswered(caf::typed_response_promise<Answer>& promise) {
  promise.deliver(caf::make_error(caf::sec::request_receiver_down));
}

} // namespace ib
