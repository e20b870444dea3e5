#pragma once

#include "actors/domain/result.hpp"
#include "gateway/log_bytes.hpp"

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ib {

/// The bytes in one piece: by reference where they are one already, as nearly all requests come.
grpc::Slice flatten(const grpc::ByteBuffer& buffer);
std::string_view bytes_of(const grpc::Slice& slice);

/// Parses a request; invalid_argument that names the field where a text is no UTF-8, and says so where the
/// bytes are no such message. (The library itself would answer both with an unexplained UNIMPLEMENTED.)
result<void> parse(const grpc::ByteBuffer& bytes, google::protobuf::Message& into);

/// Parses a request and gives it to a check or translation; the first fault of either.
template <class Request, class Check>
auto parse_and(const grpc::ByteBuffer& bytes, Check check) -> decltype(check(Request())) {
  Request request;
  if (auto parsed = parse(bytes, request); !parsed) return parsed.error();
  return check(request);
}

grpc::ByteBuffer serialize(const google::protobuf::Message& message);

/// A LogsResponse whose content are these bytes, referenced and not copied.
grpc::ByteBuffer log_message(const log_bytes& bytes);
/// The same for bytes that nobody else keeps.
grpc::ByteBuffer log_message(std::string bytes);

/// What a piece of a log covers (imagebuilder.v1.ReadLogResponse).
struct log_span {
  uint64_t offset = 0;      ///< of the first byte
  uint64_t next_offset = 0; ///< after the last
  uint64_t skipped = 0;     ///< bytes before it that are not kept any more
};

/// A ReadLogResponse whose content are these bytes, referenced and not copied.
grpc::ByteBuffer log_chunk(const log_span& span, const log_bytes& bytes);
/// The same for bytes that nobody else keeps.
grpc::ByteBuffer log_chunk(const log_span& span, std::string bytes);

} // namespace ib
