#pragma once

#include "actors/running_builds.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>

namespace ib {

/// ListBuilds' answer. It is made once for each list that the director publishes, and shared by all who ask
/// until the next one: what may change of a build that is on the list is only that it ends.
class build_list {
public:
  explicit build_list(std::shared_ptr<const running_builds_board> board) : board_(std::move(board)) {}

  /// The serialized ListBuildsResponse as of now. Any thread.
  grpc::ByteBuffer answer() const;

private:
  struct made_answer {
    std::shared_ptr<const running_builds> of; ///< held, so that no other list can have its address
    grpc::ByteBuffer bytes;
  };

  std::shared_ptr<const running_builds_board> board_;
  mutable std::atomic<std::shared_ptr<const made_answer>> made_;
};

} // namespace ib
