#pragma once

#include "actors/build_identity.hpp"
#include "actors/domain/build_machine.hpp"
#include "actors/domain/build_source.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ib {

class build_channel;

/// Everything the engine needs to know to carry a build out. Immutable once the build is admitted.
struct build_plan : build_identity {
  build_source source;
  request_auth auth;
  bool force_rebuild = false;
  std::string supervisor_ref;
  bool retry_lookups = false; ///< the request's use_retry_client
  trace_context trace;        ///< of the call that had it started
  /// What the source's one-time URLs answered; shared by the attempts of the build, which follow one another.
  std::shared_ptr<std::map<std::string, std::string>> one_time_answers =
      std::make_shared<std::map<std::string, std::string>>();
  std::string gone_base; ///< the resolved base image that the request named and no registry has; or empty
  std::vector<std::string> explanation; ///< first lines of the log: why it is built and not reused
};

/// What is remembered of a build, from its admission on: by this a crashed build actor finds back to where it
/// was. The members below `machine` change as the build goes on; the journal keeps them current.
struct build_record {
  std::shared_ptr<const build_plan> plan;
  std::shared_ptr<build_channel> channel;
  machine_state machine;
  uint64_t raw_offset = 0; ///< bytes of the current run's output that are in the log already
  std::optional<std::chrono::steady_clock::time_point> deadline; ///< of the time limit, once a run began
  /// The attempt whose run ended with an earlier process; 0 where the build began in this one.
  int interrupted_attempt = 0;
};

/// Fills in what the identity says of the source.
void name_source(build_plan& plan);
/// What must never be seen of a build: the credentials of its request in all the forms a tool prints them in.
std::vector<std::string> secrets_of(const build_plan& plan);

} // namespace ib
