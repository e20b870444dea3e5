#pragma once

#include "actors/build_channel.hpp"
#include "actors/domain/build_source.hpp"
#include "actors/domain/result.hpp"
#include "actors/interfaces.hpp"
#include "actors/running_builds.hpp"

#include <caf/event_based_actor.hpp>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace ib {

/// Where the answer to a build request goes; implemented by the gateway's streams. Exactly one call is made;
/// an answer that is destroyed without one tells its client that the service is unavailable.
class build_answer {
public:
  virtual ~build_answer() = default;
  /// The workspace image exists already; nothing was started.
  virtual void exists(std::string workspace_ref, std::string base_ref) = 0;
  /// The build is under way, started now or joined: follow its channel.
  virtual void follow(channel_ptr channel, bool joined) = 0;
  /// ResolveWorkspaceImage only: the references; the image does not exist.
  virtual void missing(std::string workspace_ref, std::string base_ref) = 0;
  /// Nothing was started.
  virtual void refuse(error why) = 0;
};

struct intake_settings {
  std::string base_repository;
  std::string workspace_repository;
  std::shared_ptr<running_builds_board> board;
  /// Where the log of a build can be followed over HTTP, empty where it cannot.
  std::function<std::string(const std::string& build_id)> log_url;
  /// Stopped once nobody wants the answer any more: lookups end then.
  std::stop_token asker;
};

/// The build under way that a request joins whatever anybody says: a forced one of a Dockerfile. Null where
/// the request has to be decided on. From any thread; whoever follows the build tells the director so.
channel_ptr find_forced(const build_request& request, const intake_settings& settings);

/// Decides on one request, in the order of decisions of the spec (api.md, "Build"), and ends. One actor per
/// request: a request that crashes it harms nobody else. With `inquiry` it stops before building
/// (ResolveWorkspaceImage).
void build_intake(caf::event_based_actor* self, build_request request, std::shared_ptr<build_answer> answer,
                  intake_settings settings, bool inquiry);

} // namespace ib
