#pragma once

#include "gateway/pull_stream.hpp"

#include <image-builder-api/imgbuilder.pb.h>

#include <grpcpp/alarm.h>

#include <atomic>
#include <memory>
#include <optional>

namespace ib {

/// The stream of one Build call: `running` with full info at once, each status update, and the terminal one
/// as the last. Who joins a build is told first how it stands by now, and not each step it has behind it.
/// Where the log is comes later (stream_house), the first response waits for it for half a
/// second; if it comes later still, another `running` tells it. In any case a `running` with it comes before
/// the terminal one: clients need it to show the log.
class build_stream final : public pull_stream {
public:
  build_stream(stream_call& call, const stream_house& house)
      : pull_stream(call, house, house.meter->build_subscribers) {}

  /// stream() of a build that somebody else has started.
  void join(channel_ptr channel);
  /// Answers once that the image exists, and ends; instead of stream().
  void answer_existing(const std::string& workspace_ref, const std::string& base_ref);

protected:
  result<void> begin(build_channel& channel) override;
  bool next(grpc::ByteBuffer& message, bool complete) override;
  std::function<bool()> news_since_now() const override;
  bool complete(const build_channel&) const override { return terminal_sent_; }

private:
  /// True where the first response is still to wait.
  bool waits_for_access() const;
  const status_update* next_update();
  std::string first_words();
  builder::BuildResponse response(const status_update& update, bool ending) const;

  std::optional<build_channel::status_cursor> cursor_;
  const status_update* last_words_ = nullptr; ///< the terminal update, taken and not sent yet
  log_access_ptr told_access_;
  std::shared_ptr<std::atomic<bool>> waited_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<grpc::Alarm> alarm_; ///< ends the wait
  bool joined_ = false;
  bool greeted_ = false;
  bool log_told_ = false; ///< a `running` with log_info was sent
  bool terminal_sent_ = false;
};

/// What the API tells of a build. The log's headers are secret: only Build's responses carry them.
/// `access_comes_later`: see stream_house; without it known there is no log_info while the build runs.
builder::BuildInfo build_info(const build_channel& channel, bool with_headers,
                              bool access_comes_later = false);

} // namespace ib
