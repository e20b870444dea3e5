#include "gateway/build_stream.hpp"

#include "gateway/wire.hpp"

namespace ib {

namespace {

builder::BuildStatus to_wire(build_status status) {
  switch (status) {
  case build_status::running:
    return builder::running;
  case build_status::success:
    return builder::done_success;
  case build_status::failure:
    return builder::done_failure;
  }
  return builder::unknown;
}

} // namespace

builder::BuildInfo build_info(const build_channel& channel, bool with_log_info) {
  const auto& identity = channel.identity();
  builder::BuildInfo info;
  info.set_ref(identity.workspace_ref);
  info.set_base_ref(identity.base_ref);
  info.set_build_id(identity.build_id);
  info.set_started_at(identity.created_ms / 1000);
  auto* latest = channel.latest();
  info.set_status(latest == nullptr ? builder::running : to_wire(latest->status));
  info.mutable_log_info()->set_url(identity.log_url);
  if (with_log_info)
    (*info.mutable_log_info()->mutable_headers())["x-gitpod-owner-token"] = identity.owner_token;
  return info;
}

void build_stream::answer_existing(const std::string& workspace_ref, const std::string& base_ref) {
  builder::BuildResponse response;
  response.set_status(builder::done_success);
  response.set_ref(workspace_ref);
  response.set_base_ref(base_ref);
  answered_ = true;
  answer_ = serialize(response);
  StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
}

void build_stream::OnWriteDone(bool ok) {
  // After StartWriteAndFinish the call ends by itself.
  if (!answered_) pull_stream::OnWriteDone(ok);
}

void build_stream::begin(build_channel& channel) { cursor_ = channel.from_start(); }

std::function<bool()> build_stream::news_since_now() const {
  return [cursor = *cursor_] {
    auto ahead = cursor;
    return ahead.next() != nullptr;
  };
}

bool build_stream::next(grpc::ByteBuffer& message, bool) {
  if (!greeted_) {
    greeted_ = true;
    message = serialize(response({build_status::running, "accepted"}));
    return true;
  }
  auto* update = terminal_sent_ ? nullptr : cursor_->next();
  if (update == nullptr) return false;
  terminal_sent_ = update->status != build_status::running;
  message = serialize(response(*update));
  return true;
}

builder::BuildResponse build_stream::response(const status_update& update) const {
  builder::BuildResponse response;
  response.set_ref(channel().identity().workspace_ref);
  response.set_base_ref(channel().identity().base_ref);
  response.set_status(to_wire(update.status));
  response.set_message(update.message);
  *response.mutable_info() = build_info(channel(), true);
  response.mutable_info()->set_status(to_wire(update.status));
  return response;
}

} // namespace ib
