#include "tools/imgctl/build_stream.hpp"

namespace ib::imgctl {

build_stream::build_stream(connection& service, const builder::BuildRequest& request) : service_(service) {
  build_reader_ = std::thread([this, request] { read_build(request); });
}

build_stream::~build_stream() {
  events_.close();
  build_context_.TryCancel();
  log_context_.TryCancel();
  build_reader_.join();
  if (log_reader_.joinable()) log_reader_.join();
}

void build_stream::start_log(const std::string& build_id) {
  log_reader_ = std::thread([this, build_id] { read_log(build_id); });
}

void build_stream::read_build(const builder::BuildRequest& request) {
  const auto reader = service_.stub->Build(&build_context_, request);
  builder::BuildResponse response;
  while (reader->Read(&response))
    if (!events_.push(response)) build_context_.TryCancel();
  const auto status = reader->Finish();
  events_.push(build_ended{{status, answered_by_service(build_context_, status)}});
}

void build_stream::read_log(const std::string& build_id) {
  builder::LogsRequest request;
  request.set_build_id(build_id);
  const auto reader = service_.stub->Logs(&log_context_, request);
  builder::LogsResponse response;
  while (reader->Read(&response))
    if (!events_.push(log_bytes{std::move(*response.mutable_content())})) log_context_.TryCancel();
  const auto status = reader->Finish();
  events_.push(log_ended{{status, answered_by_service(log_context_, status)}});
}

} // namespace ib::imgctl
