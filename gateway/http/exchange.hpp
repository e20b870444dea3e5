#pragma once

#include "gateway/http/message.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace ib::http {

/// Tells a streamed answer that there may be more to send. Any thread, any number of times, never blocks; of
/// no effect once the connection is gone.
class waker {
public:
  virtual ~waker() = default;
  virtual void wake() = 0;
};

enum class pulled : uint8_t {
  piece,   ///< there is something to send
  nothing, ///< not yet: park
  end,     ///< the answer is complete
  cut,     ///< it will never be: the connection is cut, so that nobody takes what was sent for the whole
};

/// The body of a streamed answer. It is asked for the next piece when the last one was taken by the client's
/// side, so a slow client only makes it be asked later. Called on the server's thread; must not block.
class body_source {
public:
  virtual ~body_source() = default;
  /// The next piece, of some 64 KiB at most.
  virtual pulled next(std::string& piece) = 0;
  /// Called when there is nothing: from now on `who` is to be woken once there may be more. False where there
  /// is more already.
  virtual bool park(const std::shared_ptr<waker>& who) = 0;
};

/// The answer to one request, to be given once, from any thread; later ones are ignored. A reply that is lost
/// without one answers 503, so that no client waits for an actor that died.
class reply {
public:
  virtual ~reply() = default;
  virtual void answer(response whole) = 0;
  /// A streamed answer: `head` without its body, and what the body is pulled from.
  virtual void stream(response head, std::unique_ptr<body_source> body) = 0;
};

using reply_ptr = std::shared_ptr<reply>;

} // namespace ib::http
