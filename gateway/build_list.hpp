#pragma once

#include "actors/running_builds.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>

namespace ib {

/// ListBuilds' answer. It is made once for each list that the director publishes, and shared by all who ask
/// until the next one: what may change of a build that is on the list is only that it ends, or that the place
/// of its log becomes known.
class build_list {
public:
  /// `access_comes_later`: see stream_house.
  build_list(std::shared_ptr<const running_builds_board> board, bool access_comes_later)
      : board_(std::move(board)), access_comes_later_(access_comes_later) {}

  /// The serialized ListBuildsResponse as of now. Any thread.
  grpc::ByteBuffer answer() const;

private:
  struct made_answer {
    std::shared_ptr<const running_builds> of; ///< held, so that no other list can have its address
    uint64_t accesses = 0;                    ///< of all its builds together, by then
    grpc::ByteBuffer bytes;
  };

  grpc::ByteBuffer make(const running_builds& list) const;

  std::shared_ptr<const running_builds_board> board_;
  bool access_comes_later_;
  mutable std::atomic<std::shared_ptr<const made_answer>> made_;
};

} // namespace ib
