#pragma once

#include "actors/build_channel.hpp"
#include "actors/build_listing.hpp"
#include "actors/domain/shared_slot.hpp"
#include "actors/striped.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace ib {

/// Answers to GetBuild that are ready on the wire: who asks again for a running build of which nothing has
/// changed, as for one that waits or is silent, gets the bytes of before. Any thread; kept in stripes, so
/// that threads hardly wait for each other.
class ready_builds {
public:
  std::optional<grpc::ByteBuffer> find(const grpc::ByteBuffer& request) const;
  /// `told`: the channel's view that the answer was made from.
  void keep(const grpc::ByteBuffer& request, const std::shared_ptr<build_channel>& channel,
            const build_view& told, const grpc::ByteBuffer& answer);

private:
  struct entry {
    std::string request;
    std::weak_ptr<const build_channel> channel; ///< a build that has ended is not to stay in memory for this
    const status_update* latest = nullptr;
    uint64_t log_begin = 0;
    uint64_t log_end = 0;
    grpc::ByteBuffer answer;

    bool still_holds() const;
  };

  /// By the request's hash; of two that share a slot the last one has it.
  using page = std::array<shared_slot<const entry>, 64>;
  striped<page> pages_;
};

} // namespace ib
