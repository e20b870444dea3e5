#include "gateway/debug/plain_log.hpp"

#include "gateway/channel_sleeper.hpp"

namespace ib {

namespace {

constexpr size_t piece_bytes = size_t{64} * 1024;

} // namespace

http::pulled plain_log::next(std::string& piece) {
  // Asked before taking: what was appended before the end is then surely seen.
  bool whole = channel_->log().closed();
  piece = cursor_.next(piece_bytes).bytes;
  if (!piece.empty()) return http::pulled::piece;
  return whole ? http::pulled::end : http::pulled::nothing;
}

bool plain_log::park(const std::shared_ptr<http::waker>& who) {
  sleeper_ = std::make_shared<channel_sleeper>(who);
  channel_->park(sleeper_);
  const auto& log = channel_->log();
  return log.end_offset() == cursor_.offset() && !log.closed();
}

} // namespace ib
