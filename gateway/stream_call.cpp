#include "gateway/stream_call.hpp"

#include "actors/io/log.hpp"
#include "gateway/stream_queues.hpp"

#include <array>
#include <exception>
#include <span>
#include <utility>
#include <vector>

namespace ib {

namespace {

/// The same bytes as the library's core has them, referenced and not copied.
grpc_byte_buffer* raw(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> parts;
  if (!message.Dump(&parts).ok()) return grpc_raw_byte_buffer_create(nullptr, 0);
  std::vector<grpc_slice> slices;
  slices.reserve(parts.size());
  for (const auto& part : parts)
    slices.push_back(part.c_slice());
  auto* bytes = grpc_raw_byte_buffer_create(slices.data(), slices.size());
  for (auto slice : slices)
    grpc_slice_unref(slice);
  return bytes;
}

std::string_view text_of(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

} // namespace

/// Operations that are given to the library at once.
class stream_call::batch {
public:
  grpc_op& add(grpc_op_type type) {
    auto& op = operations_[count_++];
    op.op = type;
    return op;
  }
  grpc_call_error start(grpc_call* call, void* tag) const {
    return grpc_call_start_batch(call, operations_.data(), count_, tag, nullptr);
  }

private:
  std::array<grpc_op, 3> operations_{};
  size_t count_ = 0;
};

stream_call::stream_call(stream_queues& queues, stream_door& door) : queues_(queues), door_(door) {
  grpc_metadata_array_init(&headers_);
}

stream_call::~stream_call() {
  drop_request();
  drop_message();
  if (call_ != nullptr) grpc_call_unref(call_);
}

/// A stream that waits for hours keeps nothing of what began it.
void stream_call::drop_request() {
  grpc_metadata_array_destroy(&headers_);
  grpc_metadata_array_init(&headers_);
  if (request_ != nullptr) grpc_byte_buffer_destroy(std::exchange(request_, nullptr));
}

grpc::ByteBuffer stream_call::request() const {
  if (request_ == nullptr) return {};
  std::vector<grpc::Slice> parts;
  grpc_byte_buffer_reader reader;
  if (grpc_byte_buffer_reader_init(&reader, request_) == 0) return {};
  for (grpc_slice part; grpc_byte_buffer_reader_next(&reader, &part) != 0;)
    parts.emplace_back(part, grpc::Slice::STEAL_REF);
  grpc_byte_buffer_reader_destroy(&reader);
  return {parts.data(), parts.size()};
}

std::string_view stream_call::header(std::string_view name) const {
  for (const auto& [key, value, internal] : std::span(headers_.metadata, headers_.count))
    if (text_of(key) == name) return text_of(value);
  return {};
}

bool stream_call::await(::grpc_server* server, grpc_completion_queue* arrivals,
                        grpc_completion_queue* completions) {
  return grpc_server_request_registered_call(server, door_.method, &call_, &deadline_, &headers_, &request_,
                                             completions, arrivals, &arrived_) == GRPC_CALL_OK;
}

void stream_call::arrived(bool ok) {
  if (!ok) return queues_.forget(this);
  is_served_ = true;
  ++queues_.served_;
  guarded([this] { door_.serve(*this); });
  drop_request();
  // Only now, so that the writer is there to be told.
  batch operations;
  operations.add(GRPC_OP_RECV_CLOSE_ON_SERVER).data.recv_close_on_server.cancelled = &cancelled_;
  start(operations, over_);
  // Before this call can end: the server, which lives as long as it does, must be there for the next.
  queues_.await_call(door_);
  end_part();
}

/// A stream that runs out of memory, say, ends alone.
template <class Step>
void stream_call::guarded(Step step) {
  try {
    step();
  } catch (const std::exception& e) {
    io::log_error("a stream failed inside the service", {{"what", e.what()}});
    finish({grpc::StatusCode::UNAVAILABLE, "the service failed to go on with it; try again"});
  }
}

void stream_call::write(const grpc::ByteBuffer& message) {
  batch operations;
  add_message(operations, message);
  ++open_parts_;
  start(operations, written_);
}

void stream_call::write_and_finish(const grpc::ByteBuffer& message) {
  batch operations;
  add_message(operations, message);
  if (!ending_.exchange(true)) end(operations, grpc::Status::OK);
}

void stream_call::finish(const grpc::Status& status) {
  if (ending_.exchange(true)) return;
  batch operations;
  end(operations, status);
}

void stream_call::add_message(batch& operations, const grpc::ByteBuffer& message) {
  message_ = raw(message);
  if (!greeted_.exchange(true)) operations.add(GRPC_OP_SEND_INITIAL_METADATA);
  operations.add(GRPC_OP_SEND_MESSAGE).data.send_message.send_message = message_;
}

void stream_call::end(batch& operations, const grpc::Status& status) {
  if (gone_) return end_part();
  if (!greeted_.exchange(true)) operations.add(GRPC_OP_SEND_INITIAL_METADATA);
  auto text = grpc_slice_from_copied_buffer(status.error_message().data(), status.error_message().size());
  auto& ending = operations.add(GRPC_OP_SEND_STATUS_FROM_SERVER).data.send_status_from_server;
  ending.status = static_cast<grpc_status_code>(status.error_code());
  if (!status.error_message().empty()) ending.status_details = &text;
  start(operations, finished_);
  grpc_slice_unref(text);
}

/// What the library does not take has failed: it is told all the same, so that nobody waits for it.
void stream_call::start(const batch& operations, news& told) {
  if (auto fault = operations.start(call_, &told); fault != GRPC_CALL_OK) {
    io::log_error("gRPC does not take an operation of a stream",
                  {{"what", grpc_call_error_to_string(fault)}});
    told.functor_run(&told, 0);
  }
}

void stream_call::written(bool ok) {
  drop_message();
  guarded([&] { writer_->on_write_done(ok); });
  end_part();
}

/// The message that went out with the end, if any, goes with the call: a write may be under way beside it.
void stream_call::finished(bool) { end_part(); }

void stream_call::over(bool) {
  gone_ = cancelled_ != 0;
  if (gone_ && writer_ != nullptr) guarded([this] { writer_->on_cancel(); });
  end_part();
}

void stream_call::drop_message() {
  if (message_ != nullptr) grpc_byte_buffer_destroy(std::exchange(message_, nullptr));
}

void stream_call::end_part() {
  if (--open_parts_ != 0) return;
  if (writer_ != nullptr) writer_->on_done();
  queues_.forget(this);
}

} // namespace ib
