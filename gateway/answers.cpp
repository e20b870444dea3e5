#include "gateway/answers.hpp"

namespace ib {

stream_ticket::~stream_ticket() {
  if (stream_)
    stream_->refuse({error_code::unavailable, "the request was lost inside the service; try again", "", {}});
}

void build_stream_answer::exists(std::string workspace_ref, std::string base_ref) {
  if (auto mine = stream()) mine->answer_existing(workspace_ref, base_ref);
}

void build_stream_answer::follow(channel_ptr channel, bool joined) {
  auto mine = stream();
  if (!mine) return;
  if (joined)
    mine->join(std::move(channel));
  else
    mine->stream(std::move(channel));
}

void build_stream_answer::missing(std::string, std::string) {
  refuse({error_code::internal, "an inquiry's answer came to a build", "", {}});
}

void build_stream_answer::refuse(error why) {
  if (auto stream = ticket_.take()) stream->refuse(why);
}

void inquiry_answer::exists(std::string workspace_ref, std::string base_ref) {
  answer(workspace_ref, base_ref, builder::done_success);
}

void inquiry_answer::follow(channel_ptr, bool) {
  call_->refuse({error_code::internal, "a build's answer came to an inquiry", "", {}});
}

void inquiry_answer::missing(std::string workspace_ref, std::string base_ref) {
  answer(workspace_ref, base_ref, builder::unknown);
}

void inquiry_answer::answer(const std::string& workspace_ref, const std::string& base_ref,
                            builder::BuildStatus status) {
  builder::ResolveWorkspaceImageResponse response;
  response.set_ref(workspace_ref);
  response.set_base_ref(base_ref);
  response.set_status(status);
  call_->answer(response);
}

builder::ResolveBaseImageResponse resolved(const io::found_image& image) {
  builder::ResolveBaseImageResponse response;
  response.set_ref(image.ref.to_string());
  return response;
}

void digest_answer::found(const io::found_image& image) { call_->answer(resolved(image)); }

void log_stream_answer::found(channel_ptr channel, log_buffer::pin log) {
  if (auto stream = ticket_.take()) stream->stream(std::move(channel), std::move(log));
}

void log_stream_answer::refuse(const error& why) {
  if (auto stream = ticket_.take()) stream->refuse(why);
}

} // namespace ib
