#include "tools/imgctl/log_reader.hpp"

#include "tools/imgctl/find_build.hpp"
#include "tools/imgctl/text.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>

namespace ib::imgctl {
namespace {

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5000};
constexpr std::chrono::minutes patience{5};

} // namespace

log_reader::log_reader(connection& service, const logs_options& options, std::string build_id,
                       log_listener listener)
    : service_(service),
      options_(options),
      build_id_(std::move(build_id)),
      listener_(std::move(listener)),
      offset_(options.offset) {}

grpc::Status log_reader::read_once(bool& from_service) {
  grpc::ClientContext context;
  imagebuilder::v1::ReadLogRequest request;
  request.set_build_id(build_id_);
  request.set_offset(offset_);
  request.set_follow(options_.follow);
  request.set_censored(options_.censored);
  const auto reader = service_.builds->ReadLog(&context, request);
  imagebuilder::v1::ReadLogResponse piece;
  while (reader->Read(&piece)) {
    connected_ = true;
    failures_ = 0;
    if (piece.skipped_bytes() > 0)
      listener_.notice(std::to_string(piece.skipped_bytes()) + " bytes of this log are not kept any more");
    listener_.bytes(piece.content());
    offset_ = piece.next_offset();
  }
  auto status = reader->Finish();
  from_service = answered_by_service(context, status);
  if (!status.ok()) why_ = explain_builds(context, status, "no log of " + build_id_, service_.address);
  return status;
}

/// The transport names a broken stream so, beside UNAVAILABLE.
bool log_reader::lost(const grpc::Status& status) const {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE;
}

log_end log_reader::read() {
  for (;;) {
    bool from_service = false;
    const auto status = read_once(from_service);
    if (status.ok()) return log_end::complete;
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && !connected_) return log_end::unimplemented;
    if (!lost(status) || !connected_) return log_end::failed;
    if (failures_ == 0)
      listener_.notice("lost the connection; going on from byte " + std::to_string(offset_));
    if (!listener_.await_service(failures_++)) break;
  }
  why_.message += "; the rest: imgctl logs" + std::string(options_.follow ? " -f" : "") + " --offset " +
                  std::to_string(offset_) + " " + one_line(build_id_);
  return log_end::failed;
}

bool reconnection::await(int failures) {
  const auto now = std::chrono::system_clock::now();
  if (failures == 0) give_up_ = now + patience;
  if (now >= give_up_) return false;
  const auto pause = std::min(longest_pause, first_pause * (1 << std::min(failures, 10)));
  // A service that is stopping answers; the next one does not before this one's connection is gone.
  if (channel_->GetState(true) == GRPC_CHANNEL_READY)
    channel_->WaitForStateChange(GRPC_CHANNEL_READY, now + pause);
  return channel_->WaitForConnected(give_up_);
}

} // namespace ib::imgctl
