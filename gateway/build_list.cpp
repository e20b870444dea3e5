#include "gateway/build_list.hpp"

#include "gateway/build_stream.hpp"
#include "gateway/wire.hpp"

#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

namespace ib {

namespace {

constexpr size_t piece_bytes = size_t{64} * 1024;

/// Up to this size the bytes of an answer are copied for each stripe.
constexpr size_t most_copied = size_t{64} * 1024;

grpc::ByteBuffer copy_of(const grpc::ByteBuffer& bytes) {
  grpc::Slice copy(std::string(bytes_of(flatten(bytes))));
  return {&copy, 1};
}

} // namespace

grpc::ByteBuffer build_list::make() const {
  // One by one, and in pieces: a message of thousands takes a multiple of its bytes, several may be made at a
  // time, and malloc keeps more of large blocks.
  std::vector<grpc::Slice> pieces;
  std::string piece;
  const auto now = board_->read();
  for (const auto& channel : now->channels()) {
    // Watchers may know already of an end that the director has still to hear of.
    if (channel->ended()) continue;
    builder::ListBuildsResponse part;
    *part.add_builds() = build_info(*channel, false, access_comes_later_);
    part.AppendToString(&piece);
    if (piece.size() < piece_bytes) continue;
    pieces.emplace_back(piece);
    piece.clear();
  }
  pieces.emplace_back(piece);
  return {pieces.data(), pieces.size()};
}

std::shared_ptr<const build_list::made_answer> build_list::made_at(const moment& now) const {
  if (auto made = made_.load(); made && made->of == now) return made;
  auto made = std::make_shared<const made_answer>(made_answer{now, make()});
  made_.exchange(made);
  return made;
}

grpc::ByteBuffer build_list::answer() const {
  // Read before the builds are: what changes meanwhile makes the next answer a new one.
  const moment now{board_->version(), build_channel::changes()};
  auto& slot = copies_.mine();
  if (auto copy = slot.load(); copy && copy->of == now) return copy->bytes;
  auto made = made_at(now);
  if (made->bytes.Length() <= most_copied)
    slot.exchange(std::make_shared<const made_answer>(made_answer{now, copy_of(made->bytes)}));
  return made->bytes;
}

} // namespace ib
