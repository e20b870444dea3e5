#include "actors/domain/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

namespace ib {

namespace {

std::string to_hex(const unsigned char* bytes, size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) {
    hex += digits[bytes[i] >> 4];
    hex += digits[bytes[i] & 15];
  }
  return hex;
}

} // namespace

struct sha256_stream::context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();

  context() { start(); }
  ~context() { EVP_MD_CTX_free(md); }
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  void start() { EVP_DigestInit_ex(md, EVP_sha256(), nullptr); }
};

sha256_stream::sha256_stream() : context_(std::make_unique<context>()) {}
sha256_stream::~sha256_stream() = default;
sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;

void sha256_stream::update(std::string_view bytes) {
  EVP_DigestUpdate(context_->md, bytes.data(), bytes.size());
}

std::string sha256_stream::finish_hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->md, digest.data(), &size);
  context_->start();
  return to_hex(digest.data(), size);
}

std::string sha256_hex(std::string_view bytes) {
  sha256_stream stream;
  stream.update(bytes);
  return stream.finish_hex();
}

} // namespace ib
