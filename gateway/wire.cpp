#include "gateway/wire.hpp"

#include "actors/domain/utf8.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/slice.h>
#include <image-builder-api/imgbuilder.pb.h>
#include <imagebuilder/v1/builds.pb.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
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

using pb::io::CodedOutputStream;

std::string text_of(const uint8_t* begin, const uint8_t* end) {
  return {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)};
}

/// The tag of LogsResponse.content and its length.
std::string content_header(size_t length) {
  std::array<uint8_t, 16> header{};
  auto* end = CodedOutputStream::WriteTagToArray(
      wire::MakeTag(builder::LogsResponse::kContentFieldNumber, wire::WIRETYPE_LENGTH_DELIMITED),
      header.data());
  end = CodedOutputStream::WriteVarint64ToArray(length, end);
  return text_of(header.data(), end);
}

/// All of a ReadLogResponse but the bytes of its content, which is written last.
std::string chunk_header(const log_span& span, size_t length) {
  using response = imagebuilder::v1::ReadLogResponse;
  std::array<uint8_t, 64> header{};
  auto* end = header.data();
  auto number = [&end](int field, uint64_t value) {
    if (value != 0) end = wire::WriteInt64ToArray(field, static_cast<int64_t>(value), end);
  };
  number(response::kOffsetFieldNumber, span.offset);
  number(response::kNextOffsetFieldNumber, span.next_offset);
  number(response::kSkippedBytesFieldNumber, span.skipped);
  end = CodedOutputStream::WriteTagToArray(
      wire::MakeTag(response::kContentFieldNumber, wire::WIRETYPE_LENGTH_DELIMITED), end);
  end = CodedOutputStream::WriteVarint64ToArray(length, end);
  return text_of(header.data(), end);
}

/// A slice's bytes by reference.
grpc::Slice refer_to(const log_slice& slice) {
  auto* keeper = new std::shared_ptr<const void>(slice.owner);
  return {const_cast<char*>(slice.bytes.data()), slice.bytes.size(),
          [](void* owner) { delete static_cast<std::shared_ptr<const void>*>(owner); }, keeper};
}

/// A header, and the bytes by reference.
grpc::ByteBuffer join(const std::string& header, const log_bytes& bytes) {
  std::vector<grpc::Slice> parts;
  parts.reserve(bytes.parts.size() + 1);
  parts.emplace_back(header);
  for (const auto& slice : bytes.parts)
    parts.push_back(refer_to(slice));
  return {parts.data(), parts.size()};
}

/// The same for bytes that the message keeps.
grpc::ByteBuffer join(const std::string& header, std::string bytes) {
  auto* kept = new std::string(std::move(bytes));
  std::array<grpc::Slice, 2> parts{
      grpc::Slice(header),
      grpc::Slice(
          kept->data(), kept->size(), [](void* text) { delete static_cast<std::string*>(text); }, kept)};
  return {parts.data(), parts.size()};
}

} // namespace

grpc::Slice flatten(const grpc::ByteBuffer& buffer) {
  grpc::Slice whole;
  if (buffer.TrySingleSlice(&whole).ok() || buffer.DumpToSingleSlice(&whole).ok()) return whole;
  return {};
}

std::string_view bytes_of(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

result<void> parse(const grpc::ByteBuffer& buffer, pb::Message& into) {
  const auto whole = flatten(buffer);
  const auto bytes = bytes_of(whole);
  if (into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  if (auto field = find_bad_text(bytes, *into.GetDescriptor(), max_depth))
    return bad_field(*field, "is not valid UTF-8");
  return bad_field("", "the request is not a valid " + into.GetDescriptor()->full_name());
}

grpc::ByteBuffer serialize(const pb::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return {&slice, 1};
}

grpc::ByteBuffer log_message(const log_bytes& bytes) { return join(content_header(bytes.size), bytes); }

grpc::ByteBuffer log_message(std::string bytes) {
  const auto header = content_header(bytes.size());
  return join(header, std::move(bytes));
}

grpc::ByteBuffer log_chunk(const log_span& span, const log_bytes& bytes) {
  return join(chunk_header(span, bytes.size), bytes);
}

grpc::ByteBuffer log_chunk(const log_span& span, std::string bytes) {
  const auto header = chunk_header(span, bytes.size());
  return join(header, std::move(bytes));
}

} // namespace ib
