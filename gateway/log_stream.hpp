#pragma once

#include "actors/domain/log_buffer.hpp"
#include "actors/domain/redactor.hpp"
#include "gateway/log_bytes.hpp"
#include "gateway/pull_stream.hpp"

#include <memory>

namespace ib {

/// The stream of one Logs call: the build's log from its first byte, then as it grows. Uncensored bytes go
/// out by reference; a censored stream runs its own redactor over them.
class log_stream final : public pull_stream {
public:
  log_stream(stream_call& call, const stream_house& house, bool censored)
      : pull_stream(call, house, house.meter->log_subscribers), censored_(censored) {}

protected:
  result<void> begin(build_channel& channel) override;
  bool next(grpc::ByteBuffer& message, bool complete) override;
  std::function<bool()> news_since_now() const override;
  bool complete(const build_channel& channel) const override { return channel.log().closed(); }

private:
  bool next_censored(grpc::ByteBuffer& message, bool complete);
  log_bytes take();
  void count(size_t bytes);

  bool censored_;
  log_buffer::cursor cursor_;
  reading_pace pace_;
  uint64_t dropped_ = 0;             ///< bytes that retention dropped and the client has not been told of
  std::unique_ptr<redactor> censor_; ///< of a censored stream
  bool flushed_ = false;
};

} // namespace ib
