#pragma once

#include "gateway/wire.hpp"

#include <string>

namespace ib::test {

/// What is sent, and what comes: text as gRPC carries it.
inline grpc::ByteBuffer buffer_of(const std::string& text) {
  grpc::Slice slice(text);
  return {&slice, 1};
}
inline std::string text_of(const grpc::ByteBuffer& buffer) { return std::string(bytes_of(flatten(buffer))); }

} // namespace ib::test
