#pragma once

#include "gateway/pull_stream.hpp"

#include <image-builder-api/imgbuilder.pb.h>

#include <optional>

namespace ib {

/// The stream of one Build call: `running` with full info at once, each status update, and the terminal one
/// as the last.
class build_stream final : public pull_stream {
public:
  explicit build_stream(const stream_house& house) : pull_stream(house, house.meter->build_subscribers) {}

  /// Answers once that the image exists, and ends; instead of stream().
  void answer_existing(const std::string& workspace_ref, const std::string& base_ref);

  void OnWriteDone(bool ok) override;

protected:
  void begin(build_channel& channel) override;
  bool next(grpc::ByteBuffer& message, bool complete) override;
  std::function<bool()> news_since_now() const override;
  bool complete(const build_channel&) const override { return terminal_sent_; }

private:
  builder::BuildResponse response(const status_update& update) const;

  std::optional<build_channel::status_cursor> cursor_;
  bool greeted_ = false;
  bool terminal_sent_ = false;
  bool answered_ = false;
  grpc::ByteBuffer answer_;
};

/// What the API tells of a build. The log's headers are secret: only Build's responses carry them.
builder::BuildInfo build_info(const build_channel& channel, bool with_log_info);

} // namespace ib
