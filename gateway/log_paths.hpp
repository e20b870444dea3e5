#pragma once

#include "actors/metrics.hpp"
#include "actors/running_builds.hpp"
#include "gateway/http/router.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace ib {

/// The paths below `log_info.url` by which a client follows a build's log, the same as a workspace's
/// supervisor has them (spec: engines.md, end): a list of one task, and its terminal's stream. Whoever asks
/// shows the build's owner token.
class log_paths {
public:
  log_paths(caf::actor_system& system, std::shared_ptr<running_builds_board> board,
            std::shared_ptr<const std::atomic<bool>> draining, std::shared_ptr<metrics> meter);

  /// Serves the paths there; this object has to live as long as the server.
  void add_to(http::router& routes);

  /// What a build's log_info has as URL.
  static std::string url(const std::string& base_url, const std::string& build_id);

private:
  using service = void (log_paths::*)(const http::request&, const http::reply_ptr&, const channel_ptr&,
                                      const log_buffer::pin&) const;

  void serve(const http::request& asked, const http::reply_ptr& to, service what, bool reads_log) const;
  void tasks(const http::request& asked, const http::reply_ptr& to, const channel_ptr& channel,
             const log_buffer::pin& log) const;
  void listen(const http::request& asked, const http::reply_ptr& to, const channel_ptr& channel,
              const log_buffer::pin& log) const;

  caf::actor_system& system_;
  std::shared_ptr<running_builds_board> board_;
  std::shared_ptr<const std::atomic<bool>> draining_;
  std::shared_ptr<metrics> meter_;
};

} // namespace ib
