#pragma once

#include "gateway/pull_stream.hpp"

#include <optional>

namespace ib {

/// The stream of one WatchBuild call: the steps a build has taken, then each as it is taken, the last one
/// says how it ended. What is said between two steps is told only while nothing newer is there.
class watch_stream final : public pull_stream {
public:
  watch_stream(stream_call& call, const stream_house& house)
      : pull_stream(call, house, house.meter->build_subscribers) {}

protected:
  result<void> begin(build_channel& channel) override;
  bool next(grpc::ByteBuffer& message, bool complete) override;
  std::function<bool()> news_since_now() const override;
  bool complete(const build_channel&) const override { return has_ended_; }

private:
  std::optional<build_channel::status_cursor> cursor_;
  bool has_ended_ = false;
};

} // namespace ib
