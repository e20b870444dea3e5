#include "gateway/wire.hpp"

#include "actors/domain/utf8.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/slice.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace ib {

namespace pb = google::protobuf;
using wire = pb::internal::WireFormatLite;

namespace {

constexpr int max_depth = 100;

/// The path of the first text field that is no UTF-8.
std::optional<std::string> find_bad_text(std::string_view bytes, const pb::Descriptor& type, int depth) {
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  while (auto tag = in.ReadTag()) {
    auto* field = type.FindFieldByNumber(wire::GetTagFieldNumber(tag));
    if (field == nullptr || wire::GetTagWireType(tag) != wire::WIRETYPE_LENGTH_DELIMITED) {
      if (!wire::SkipField(&in, tag)) return std::nullopt;
      continue;
    }
    uint32_t length = 0;
    if (!in.ReadVarint32(&length)) return std::nullopt;
    // A view: copies of nested messages would add up to a multiple of the request for every level.
    auto value = bytes.substr(static_cast<size_t>(in.CurrentPosition()));
    if (value.size() < length || !in.Skip(static_cast<int>(length))) return std::nullopt;
    value = value.substr(0, length);
    if (field->type() == pb::FieldDescriptor::TYPE_STRING && !is_utf8(value)) return field->name();
    if (field->type() != pb::FieldDescriptor::TYPE_MESSAGE || depth == 0) continue;
    if (auto inner = find_bad_text(value, *field->message_type(), depth - 1))
      return field->name() + "." + *inner;
  }
  return std::nullopt;
}

std::string flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const auto& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

/// Field 1, length-delimited.
std::string content_header(size_t length) {
  std::array<uint8_t, 11> header{};
  header[0] = 0x0A;
  auto* end = pb::io::CodedOutputStream::WriteVarint64ToArray(length, header.data() + 1);
  return {reinterpret_cast<const char*>(header.data()), static_cast<size_t>(end - header.data())};
}

} // namespace

result<void> parse(const grpc::ByteBuffer& buffer, pb::Message& into) {
  auto bytes = flatten(buffer);
  if (into.ParseFromString(bytes)) return {};
  if (auto field = find_bad_text(bytes, *into.GetDescriptor(), max_depth))
    return bad_field(*field, "is not valid UTF-8");
  return bad_field("", "the request is not a valid " + into.GetDescriptor()->full_name());
}

grpc::ByteBuffer serialize(const pb::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return {&slice, 1};
}

grpc::ByteBuffer log_message(const log_slice& slice) {
  auto* keeper = new std::shared_ptr<const void>(slice.owner);
  std::array<grpc::Slice, 2> parts{
      grpc::Slice(content_header(slice.bytes.size())),
      grpc::Slice(
          const_cast<char*>(slice.bytes.data()), slice.bytes.size(),
          [](void* owner) { delete static_cast<std::shared_ptr<const void>*>(owner); }, keeper)};
  return {parts.data(), parts.size()};
}

grpc::ByteBuffer log_message(const std::string& bytes) {
  std::array<grpc::Slice, 2> parts{grpc::Slice(content_header(bytes.size())), grpc::Slice(bytes)};
  return {parts.data(), parts.size()};
}

} // namespace ib
