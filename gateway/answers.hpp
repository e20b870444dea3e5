#pragma once

#include "gateway/build_stream.hpp"
#include "gateway/gateway_actor.hpp"
#include "gateway/unary_call.hpp"

#include <atomic>
#include <memory>

namespace ib {

/// A stream on its way to its channel: lost on the way, it ends with UNAVAILABLE.
class stream_ticket {
public:
  explicit stream_ticket(std::shared_ptr<pull_stream> stream) : stream_(std::move(stream)) {}
  ~stream_ticket();
  stream_ticket(const stream_ticket&) = delete;
  stream_ticket& operator=(const stream_ticket&) = delete;

  /// The stream, to be given exactly one of its beginnings; null where it was taken before.
  std::shared_ptr<pull_stream> take() { return std::exchange(stream_, nullptr); }

private:
  std::shared_ptr<pull_stream> stream_;
};

/// Build's answer.
class build_stream_answer final : public build_answer {
public:
  explicit build_stream_answer(std::shared_ptr<build_stream> stream) : ticket_(std::move(stream)) {}
  void exists(std::string workspace_ref, std::string base_ref) override;
  void follow(channel_ptr channel, bool joined) override;
  void missing(std::string workspace_ref, std::string base_ref) override;
  void refuse(error why) override;

private:
  std::shared_ptr<build_stream> stream() { return std::static_pointer_cast<build_stream>(ticket_.take()); }

  stream_ticket ticket_;
};

/// ResolveWorkspaceImage's answer.
class inquiry_answer final : public build_answer {
public:
  explicit inquiry_answer(std::shared_ptr<unary_call> call) : call_(std::move(call)) {}
  void exists(std::string workspace_ref, std::string base_ref) override;
  void follow(channel_ptr channel, bool joined) override;
  void missing(std::string workspace_ref, std::string base_ref) override;
  void refuse(error why) override { call_->refuse(why); }

private:
  void answer(const std::string& workspace_ref, const std::string& base_ref, builder::BuildStatus status);
  std::shared_ptr<unary_call> call_;
};

builder::ResolveBaseImageResponse resolved(const io::found_image& image);

/// ResolveBaseImage's answer.
class digest_answer final : public lookup_answer {
public:
  explicit digest_answer(std::shared_ptr<unary_call> call) : call_(std::move(call)) {}
  void found(const io::found_image& image) override;
  void refuse(const error& why) override { call_->refuse(why); }

private:
  std::shared_ptr<unary_call> call_;
};

/// The answer of a stream whose channel had to be asked for: mostly of a build that has ended, or whose log
/// was not in memory.
class log_stream_answer final : public channel_answer {
public:
  explicit log_stream_answer(std::shared_ptr<pull_stream> stream) : ticket_(std::move(stream)) {}
  void found(channel_ptr channel, log_buffer::pin log) override;
  void refuse(const error& why) override;

private:
  stream_ticket ticket_;
};

} // namespace ib
