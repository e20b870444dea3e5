#pragma once

#include "actors/domain/log_buffer.hpp"
#include "actors/domain/result.hpp"

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include <string>

namespace ib {

/// Parses a request; invalid_argument that names the field where a text is no UTF-8, and says so where the
/// bytes are no such message. (The library itself would answer both with an unexplained UNIMPLEMENTED.)
result<void> parse(const grpc::ByteBuffer& bytes, google::protobuf::Message& into);

grpc::ByteBuffer serialize(const google::protobuf::Message& message);

/// A LogsResponse whose content is the slice's bytes, referenced and not copied.
grpc::ByteBuffer log_message(const log_slice& slice);
/// The same for bytes that nobody else keeps.
grpc::ByteBuffer log_message(const std::string& bytes);

} // namespace ib
