#include "gateway/watch_stream.hpp"

#include "gateway/build_resources.hpp"
#include "gateway/wire.hpp"

namespace ib {

result<void> watch_stream::begin(build_channel& channel) {
  cursor_ = channel.from_start();
  return {};
}

std::function<bool()> watch_stream::news_since_now() const {
  return [cursor = *cursor_] {
    auto ahead = cursor;
    return ahead.next() != nullptr;
  };
}

bool watch_stream::next(grpc::ByteBuffer& message, bool) {
  while (auto* update = has_ended_ ? nullptr : cursor_->next()) {
    auto ahead = *cursor_;
    if (!update->is_step && ahead.next() != nullptr) continue;
    has_ended_ = update->status != build_status::running;
    imagebuilder::v1::WatchBuildResponse response;
    to_wire(*update, *response.mutable_step());
    message = serialize(response);
    return true;
  }
  return false;
}

} // namespace ib
