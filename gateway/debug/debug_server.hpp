#pragma once

#include "actors/domain/result.hpp"
#include "config/settings.hpp"
#include "gateway/debug/event_stream.hpp"
#include "gateway/debug/questions.hpp"
#include "gateway/http/server.hpp"
#include "gateway/ticker.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>

namespace ib {

/// What goes on inside, for the people who run the service: a page at `/`, JSON below `/debug/` (README.md).
/// It changes nothing, but for cancelling builds where the configuration allows that.
class debug_server {
public:
  /// Null where the configuration turns it off.
  static result<std::unique_ptr<debug_server>> start(const config::debug_settings& settings,
                                                     caf::actor_system& system, debug_sources from);

private:
  debug_server(caf::actor_system& system, std::shared_ptr<debug_feed> feed, std::string token,
               bool allow_cancel);

  using handler = http::router::handler;
  http::router routes();
  /// Only for those who may look.
  handler guarded(handler to) const;
  bool may_look(const http::request& asked, const http::reply_ptr& to) const;
  void cancel(const http::request& asked, const http::reply_ptr& to) const;

  debug_questions questions_;
  std::shared_ptr<debug_feed> feed_;
  std::string token_; ///< empty: whoever reaches the address
  bool allow_cancel_;
  std::unique_ptr<http::server> server_;
  std::unique_ptr<ticker> clock_;
};

} // namespace ib
