#pragma once

#include "actors/domain/shared_slot.hpp"
#include "actors/ref_cache.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace prometheus {
class Counter;
}

namespace ib {

/// Answers to ResolveBaseImage that are ready on the wire: who asks what somebody has asked before, to the
/// byte, gets the same answer without the request being looked into, as long as the board stays as it was.
/// Any thread.
class ready_answers {
public:
  struct entry {
    grpc::ByteBuffer bytes;
    prometheus::Counter* uses = nullptr; ///< counts the answers from memory of its registry
  };

  explicit ready_answers(std::shared_ptr<const ref_board> board) : board_(std::move(board)) {}

  std::optional<entry> find(const grpc::ByteBuffer& request) const;
  /// `known`: what the answer tells, as found on the board. The request stays in memory, so that it may hold
  /// no secret; a long one is not kept, and after many the earlier ones are forgotten.
  void keep(const grpc::ByteBuffer& request, std::shared_ptr<const io::found_image> known, entry answer);

private:
  struct page {
    std::shared_ptr<const void> of; ///< a part of the board's answers that all of these are from
    std::map<std::string, entry, std::less<>> by_request;
  };

  std::shared_ptr<const ref_board> board_;
  shared_slot<const page> page_;
};

} // namespace ib
