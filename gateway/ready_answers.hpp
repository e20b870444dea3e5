#pragma once

#include "actors/domain/shared_slot.hpp"
#include "actors/ref_cache.hpp"
#include "actors/striped.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ib {

class striped_counter;

/// Answers to ResolveBaseImage that are ready on the wire: who asks what somebody has asked before, to the
/// byte, gets the same answer without the request being looked into, as long as the board stays as it was.
/// Any thread; kept in stripes, so that threads hardly wait for each other.
class ready_answers {
public:
  struct entry {
    grpc::ByteBuffer bytes;
    striped_counter* uses = nullptr; ///< counts the answers from memory of its registry
  };

  explicit ready_answers(std::shared_ptr<const ref_board> board) : board_(std::move(board)) {}

  std::optional<entry> find(const grpc::ByteBuffer& request) const;
  /// `version`: the board's, from before it was looked at. The request stays in memory, so that it may hold
  /// no secret; a long one is not kept, and after many the earlier ones are forgotten.
  void keep(const grpc::ByteBuffer& request, uint64_t version, entry answer);

private:
  struct page {
    uint64_t version = 0; ///< of the board
    std::map<std::string, entry, std::less<>> by_request;
  };

  std::shared_ptr<const ref_board> board_;
  striped<shared_slot<const page>> pages_;
};

} // namespace ib
