#include "gateway/build_list.hpp"

#include "gateway/build_stream.hpp"

#include <grpcpp/support/slice.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ib {

grpc::ByteBuffer build_list::make(const running_builds& list) const {
  // One by one: a message of thousands takes a multiple of its bytes, and several may be made at a time.
  std::string bytes;
  for (const auto& channel : list.channels()) {
    if (channel->ended()) continue;
    builder::ListBuildsResponse part;
    *part.add_builds() = build_info(*channel, false, access_comes_later_);
    part.AppendToString(&bytes);
  }
  grpc::Slice slice(bytes);
  return {&slice, 1};
}

grpc::ByteBuffer build_list::answer() const {
  auto now = board_->read();
  // Watchers may know already of an end that the director has still to hear of: it is listed no more.
  bool is_settled = std::none_of(now->channels().begin(), now->channels().end(),
                                 [](const auto& channel) { return channel->ended(); });
  if (!is_settled) return make(*now);
  uint64_t accesses = 0;
  for (const auto& channel : now->channels())
    accesses += channel->access_version();
  auto made = made_.load();
  if (made && made->of == now && made->accesses == accesses) return made->bytes;
  auto bytes = make(*now);
  made_ = std::make_shared<const made_answer>(made_answer{std::move(now), accesses, bytes});
  return bytes;
}

} // namespace ib
