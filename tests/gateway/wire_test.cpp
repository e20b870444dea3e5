#include "gateway/wire.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/support/slice.h>
#include <image-builder-api/imgbuilder.pb.h>
#include <imagebuilder/v1/builds.pb.h>

#include <random>

using namespace ib;

namespace {

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  REQUIRE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const auto& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string log_response(const std::string& content) {
  builder::LogsResponse response;
  response.set_content(content);
  return response.SerializeAsString();
}

/// A LogsRequest whose build_ref holds these bytes, as a client without a UTF-8 check would send it.
std::string raw_reference(const std::string& text) {
  return std::string("\x0A", 1) + static_cast<char>(text.size()) + text;
}

} // namespace

TEST_CASE("log messages have the bytes of protobuf's own serialization", "[wire]") {
  for (size_t size : {1, 2, 127, 128, 1000, 16'383, 16'384, 65'536, 2'097'151, 2'097'152}) {
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i)
      content[i] = static_cast<char>(i * 31);
    CHECK(bytes_of(log_message(content)) == log_response(content));
    auto owner = std::make_shared<std::string>(content);
    CHECK(bytes_of(log_message(log_slice{owner, *owner, 0})) == log_response(content));
  }
}

TEST_CASE("a log message keeps the bytes it refers to, and lets go of them", "[wire]") {
  auto owner = std::make_shared<std::string>(100'000, 'x');
  auto expected = log_response(*owner);
  std::weak_ptr<std::string> watch = owner;
  {
    auto message = log_message(log_slice{owner, *owner, 0});
    owner.reset();
    CHECK_FALSE(watch.expired());
    CHECK(bytes_of(message) == expected);
  }
  CHECK(watch.expired());
}

TEST_CASE("a piece of a log is the message it stands for", "[wire]") {
  const std::vector<log_span> spans{{0, 1, 0},
                                    {0, 0, 100},
                                    {127, 128, 0},
                                    {100, 70'000, 100},
                                    {uint64_t{1} << 40, (uint64_t{1} << 40) + 5, 7}};
  for (const auto& span : spans) {
    for (size_t size : {0, 1, 127, 128, 65'536}) {
      auto owner = std::make_shared<std::string>(size, 'x');
      for (const auto& message : {log_chunk(span, *owner), log_chunk(span, log_slice{owner, *owner, 0})}) {
        imagebuilder::v1::ReadLogResponse response;
        REQUIRE(response.ParseFromString(bytes_of(message)));
        CHECK(response.offset() == static_cast<int64_t>(span.offset));
        CHECK(response.next_offset() == static_cast<int64_t>(span.next_offset));
        CHECK(response.skipped_bytes() == static_cast<int64_t>(span.skipped));
        CHECK((response.content() == *owner));
        CHECK(response.GetReflection()->GetUnknownFields(response).empty());
      }
    }
  }
}

TEST_CASE("a request is parsed from any number of slices", "[wire]") {
  builder::LogsRequest request;
  request.set_build_ref("registry.example/ws:1");
  request.set_build_id("b1");
  auto bytes = request.SerializeAsString();
  std::vector<grpc::Slice> slices;
  for (char c : bytes)
    slices.emplace_back(std::string(1, c));
  builder::LogsRequest parsed;
  REQUIRE(parse(grpc::ByteBuffer(slices.data(), slices.size()), parsed));
  CHECK(parsed.SerializeAsString() == bytes);
  REQUIRE(parse(buffer_of(""), parsed));
  CHECK(parsed.build_ref().empty());
  CHECK(bytes_of(serialize(request)) == bytes);
}

TEST_CASE("text is UTF-8 exactly where Unicode says so", "[wire]") {
  struct row {
    std::string text;
    bool valid;
  };
  const std::vector<row> rows{
      {"plain", true},
      {std::string("\0", 1), true},
      {"\x7F", true},
      {"\xC2\x80", true},              // U+0080
      {"\xDF\xBF", true},              // U+07FF
      {"\xE0\xA0\x80", true},          // U+0800
      {"\xED\x9F\xBF", true},          // U+D7FF
      {"\xEE\x80\x80", true},          // U+E000
      {"\xEF\xBF\xBF", true},          // U+FFFF
      {"\xF0\x90\x80\x80", true},      // U+10000
      {"\xF4\x8F\xBF\xBF", true},      // U+10FFFF
      {"gr\xC3\xBC\xC3\x9F", true},    // grüß
      {"\x80", false},                 // continuation alone
      {"\xBF", false},                 //
      {"\xC0\x80", false},             // U+0000, overlong
      {"\xC1\xBF", false},             // U+007F, overlong
      {"\xC2", false},                 // cut off
      {"\xC2\x41", false},             // no continuation
      {"\xE0\x9F\xBF", false},         // U+07FF, overlong
      {"\xE1\x80", false},             // cut off
      {"\xED\xA0\x80", false},         // U+D800, a surrogate
      {"\xED\xBF\xBF", false},         // U+DFFF, a surrogate
      {"\xF0\x8F\xBF\xBF", false},     // U+FFFF, overlong
      {"\xF0\x90\x80", false},         // cut off
      {"\xF4\x90\x80\x80", false},     // above U+10FFFF
      {"\xF5\x80\x80\x80", false},     //
      {"\xFF", false},                 //
      {"ok\xFE", false},               // after good text
      {"\xE2\x82\xAC\xE2\x82", false}, // after a good character
  };
  for (const auto& [text, valid] : rows) {
    CAPTURE(text);
    builder::LogsRequest request;
    auto parsed = parse(buffer_of(raw_reference(text)), request);
    CHECK(parsed.has_value() == valid);
    if (valid || parsed) continue;
    CHECK(parsed.error().code == error_code::invalid_argument);
    CHECK(parsed.error().field == "build_ref");
    CHECK(parsed.error().message == "is not valid UTF-8");
  }
}

TEST_CASE("our UTF-8 finder and protobuf agree on random text", "[wire]") {
  std::mt19937 random(20240101);
  const std::string alphabet =
      "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF1\xF4\xF5\xFF";
  size_t bad = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t i = random() % 6; i > 0; --i)
      text += alphabet[random() % alphabet.size()];
    builder::LogsRequest request;
    auto parsed = parse(buffer_of(raw_reference(text)), request);
    // Where protobuf refuses the bytes, ours has to find the culprit: there is no other fault in them.
    if (parsed) continue;
    ++bad;
    REQUIRE(parsed.error().field == "build_ref");
  }
  CHECK(bad > 1'000);
}

TEST_CASE("a bad text deep inside is named by its path", "[wire]") {
  builder::BuildRequest request;
  auto* git = request.mutable_source()->mutable_file()->mutable_source()->mutable_composite();
  git->add_initializer()->mutable_git()->set_remote_uri("MARK");
  (*request.mutable_auth()->mutable_additional())["registry.example"] = "HERE";
  auto bytes = request.SerializeAsString();
  auto replaced = [&](const std::string& mark) {
    auto copy = bytes;
    copy.replace(copy.find(mark), 4, "\xFF\xFF\xFF\xFF");
    builder::BuildRequest parsed;
    auto outcome = parse(buffer_of(copy), parsed);
    REQUIRE_FALSE(outcome);
    return outcome.error().field;
  };
  CHECK(replaced("MARK") == "source.file.source.composite.initializer.git.remote_uri");
  CHECK(replaced("HERE") == "auth.additional.value");
}

TEST_CASE("bytes that are no such message are told so", "[wire]") {
  builder::BuildRequest request;
  for (const auto& bytes :
       {std::string("\xFF"), std::string("\x0A\x7F", 2), std::string("\x0A\xFF\xFF\xFF\xFF\x0F")}) {
    auto parsed = parse(buffer_of(bytes), request);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == error_code::invalid_argument);
    CHECK(parsed.error().message == "the request is not a valid builder.BuildRequest");
  }
}

TEST_CASE("no random bytes crash the parser", "[wire]") {
  std::mt19937 random(7);
  builder::BuildRequest seed;
  seed.mutable_source()->mutable_file()->mutable_source()->mutable_git()->set_remote_uri(
      "https://example.com");
  (*seed.mutable_auth()->mutable_additional())["a"] = "b";
  seed.set_triggered_by("someone");
  const auto good = seed.SerializeAsString();
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    if (round % 2 == 0) bytes.resize(random() % 64);
    for (size_t i = 1 + random() % 8; i > 0 && !bytes.empty(); --i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    builder::BuildRequest parsed;
    if (auto outcome = parse(buffer_of(bytes), parsed); !outcome) {
      ++refused;
      REQUIRE(outcome.error().code == error_code::invalid_argument);
    }
  }
  CHECK(refused > 1'000);
}

TEST_CASE("a message nested a thousand deep is refused, not followed to the stack's end", "[wire]") {
  contentservice::WorkspaceInitializer inner;
  inner.mutable_git()->set_remote_uri("https://example.com");
  auto bytes = inner.SerializeAsString();
  auto wrap = [](uint8_t tag, const std::string& inside) {
    std::string out(1, static_cast<char>(tag));
    for (auto left = inside.size();; left >>= 7) {
      out += static_cast<char>(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    return out + inside;
  };
  for (int i = 0; i < 1000; ++i)
    bytes = wrap(5 << 3 | 2, wrap(1 << 3 | 2, bytes));
  builder::BuildRequest request;
  auto parsed = parse(buffer_of(wrap(1 << 3 | 2, wrap(2 << 3 | 2, wrap(1 << 3 | 2, bytes)))), request);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == error_code::invalid_argument);
}
