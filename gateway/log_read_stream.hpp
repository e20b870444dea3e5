#pragma once

#include "actors/domain/log_buffer.hpp"
#include "actors/domain/redactor.hpp"
#include "gateway/log_bytes.hpp"
#include "gateway/pull_stream.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ib {

/// A checked ReadLogRequest.
struct log_wish {
  std::string build_id;
  uint64_t offset = 0;
  bool follow = false;
  bool censored = false;
};

/// The stream of one ReadLog call: a build's log from an offset on, each piece with what it covers. Bytes go
/// out by reference; a censored stream runs its own redactor over them, and what that holds back counts as
/// not read yet.
class log_read_stream final : public pull_stream {
public:
  log_read_stream(stream_call& call, const stream_house& house, const log_wish& wish)
      : pull_stream(call, house, house.meter->log_subscribers), wish_(wish) {}

protected:
  /// out_of_range for an offset beyond the end.
  result<void> begin(build_channel& channel) override;
  bool next(grpc::ByteBuffer& message, bool complete) override;
  std::function<bool()> news_since_now() const override;
  bool complete(const build_channel& channel) const override;

private:
  bool next_censored(grpc::ByteBuffer& message, bool complete);
  log_bytes take();
  void count(size_t bytes);
  uint64_t take_skipped() { return std::exchange(skipped_, 0); }

  const log_wish wish_;
  log_buffer::cursor cursor_;
  reading_pace pace_;
  uint64_t end_ = 0;          ///< where a stream ends that does not follow
  bool end_is_final_ = false; ///< the log was whole when the stream began
  uint64_t skipped_ = 0;      ///< bytes that are not kept any more and the client has not been told of
  uint64_t base_ = 0;         ///< where the redactor began
  std::optional<redactor> censor_;
  bool flushed_ = false;
};

} // namespace ib
