#include "gateway/http/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

namespace ib::http {

namespace {

using digest = std::array<unsigned char, 32>;

bool hash(std::string_view text, digest& into) {
  return EVP_Digest(text.data(), text.size(), into.data(), nullptr, EVP_sha256(), nullptr) == 1;
}

} // namespace

bool same_secret(std::string_view given, std::string_view expected) {
  // Digests of the two are compared: they are of one length, and a guess says nothing about its digest.
  digest a{};
  digest b{};
  if (expected.empty() || !hash(given, a) || !hash(expected, b)) return false;
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool bears(const request& asked, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  const auto* field = asked.header("authorization");
  std::string_view given = field == nullptr ? std::string_view() : std::string_view(*field);
  bool fits = given.starts_with(scheme);
  return same_secret(fits ? given.substr(scheme.size()) : given, token) && fits;
}

} // namespace ib::http
