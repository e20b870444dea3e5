#pragma once

#include "actors/domain/shared_slot.hpp"
#include "actors/running_builds.hpp"
#include "actors/striped.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace ib {

/// ListBuilds' answer. It is made anew when the director has published a list or a build has changed, and
/// shared by all who ask until then: what may change of a build that is on the list is only that it ends, or
/// that the place of its log becomes known.
class build_list {
public:
  /// `access_comes_later`: see stream_house.
  build_list(std::shared_ptr<const running_builds_board> board, bool access_comes_later)
      : board_(std::move(board)), access_comes_later_(access_comes_later) {}

  /// The serialized ListBuildsResponse as of now. Any thread.
  grpc::ByteBuffer answer() const;

private:
  /// The moment that an answer is of.
  struct moment {
    uint64_t list = 0;
    uint64_t changes = 0; ///< of builds
    bool operator==(const moment&) const = default;
  };
  struct made_answer {
    moment of;
    grpc::ByteBuffer bytes;
  };
  using answer_slot = shared_slot<const made_answer>;

  std::shared_ptr<const made_answer> made_at(const moment& now) const;
  grpc::ByteBuffer make() const;

  std::shared_ptr<const running_builds_board> board_;
  bool access_comes_later_;
  mutable answer_slot made_;
  /// Copies of a small one, so that threads that answer at the same time do not count the users of the same
  /// bytes.
  mutable striped<answer_slot> copies_;
};

} // namespace ib
