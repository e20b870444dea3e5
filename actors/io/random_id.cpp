#include "actors/io/random_id.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <sys/random.h>

namespace ib::io {

namespace {

void fill(std::span<uint8_t> bytes) {
  // Up to 256 bytes at once the kernel never answers short once its pool is ready.
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
  }
}

std::string hex(std::span<const uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace

std::string random_uuid() {
  std::array<uint8_t, 16> bytes{};
  fill(bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  auto text = hex(bytes);
  for (size_t at : {20, 16, 12, 8})
    text.insert(at, "-");
  return text;
}

std::string random_token() {
  std::array<uint8_t, 32> bytes{};
  fill(bytes);
  return hex(bytes);
}

} // namespace ib::io
