#pragma once

#include "gateway/http/exchange.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace ib {

/// Questions of the debug endpoint that an actor answers; each goes on its way at once and gives the reply
/// its answer when it is there.
class debug_questions {
public:
  explicit debug_questions(caf::actor_system& system) : system_(system) {}

  /// Builds that have ended or not, newest first; `query` may have `limit` and `after` (the last page's
  /// `next`).
  void list_builds(const http::request& asked, const http::reply_ptr& to) const;
  /// One build with the steps it has taken.
  void describe_build(const std::string& build_id, const http::reply_ptr& to) const;
  /// Its log as plain bytes, from the first that is kept or from `from` on, and then as it grows.
  void follow_log(const std::string& build_id, uint64_t from, const http::reply_ptr& to) const;
  /// The digests that the resolver keeps, the youngest first.
  void list_cached(const http::reply_ptr& to) const;
  void cancel_build(const std::string& build_id, const std::string& reason, const http::reply_ptr& to) const;

private:
  caf::actor_system& system_;
};

} // namespace ib
