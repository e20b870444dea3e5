#pragma once

#include "actors/build_intake.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/registry_client.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace ib {

/// Where the answer to a digest lookup goes. Exactly one call is made.
class lookup_answer {
public:
  virtual ~lookup_answer() = default;
  virtual void found(const io::found_image& image) = 0;
  virtual void refuse(const error& why) = 0;
};

/// Where the channel of a build goes that was asked for by id or reference. Exactly one call is made.
class channel_answer {
public:
  virtual ~channel_answer() = default;
  /// `log`: where it is to be read, so that it can be.
  virtual void found(channel_ptr channel, log_buffer::pin log) = 0;
  virtual void refuse(const error& why) = 0;
};

/// Where something goes that was asked for. Exactly one call is made.
template <class Found>
class house_answer {
public:
  virtual ~house_answer() = default;
  virtual void found(const Found& what) = 0;
  virtual void refuse(const error& why) = 0;
};

struct serve_build {
  std::shared_ptr<const build_request> request;
  std::shared_ptr<build_answer> answer;
  bool inquiry = false;
  std::stop_token
      asker; ///< of an inquiry: stopped once the caller has gone away. Builds go on without theirs.
};
struct serve_lookup {
  io::registry_lookup lookup;
  std::shared_ptr<lookup_answer> answer;
};
struct serve_channel {
  std::string build_id;
  std::string workspace_ref;
  std::shared_ptr<channel_answer> answer;
  std::optional<uint64_t> log_from{}; ///< where its log is to be read
};

struct serve_description {
  std::string build_id;
  std::shared_ptr<house_answer<build_description>> answer;
};
struct serve_page {
  build_filter filter;
  std::shared_ptr<house_answer<build_page>> answer;
};
struct serve_cancel {
  cancel_build wish;
  std::shared_ptr<house_answer<build_description>> answer;
};

using gateway_actor = caf::typed_actor<
    // A build request, or (inquiry) the question what it would be built to: decided by an intake of its own.
    caf::reacts_to<serve_build>,
    // A digest lookup: passed to the resolver pool.
    caf::reacts_to<serve_lookup>,
    // A build that does not run any more or whose log is not in memory, by id or newest of a reference.
    caf::reacts_to<serve_channel>,
    // What the journal knows of a build.
    caf::reacts_to<serve_description>,
    // A page of the builds that match a filter.
    caf::reacts_to<serve_page>,
    // A wish to cancel: passed to the director; answered with the build as it is then.
    caf::reacts_to<serve_cancel>>;

/// Bridges the calls of the gRPC threads to the mailboxes of the house: takes each call's answer along, and
/// never keeps one.
gateway_actor::behavior_type gateway(gateway_actor::pointer self, const intake_settings& settings);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_lookup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_channel)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_description)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::serve_cancel)
