#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ib {

/// Lower-case hex SHA-256 of `bytes` (64 characters).
std::string sha256_hex(std::string_view bytes);

/// SHA-256 over bytes that come in pieces.
class sha256_stream {
public:
  sha256_stream();
  ~sha256_stream();
  sha256_stream(sha256_stream&&) noexcept;
  sha256_stream& operator=(sha256_stream&&) noexcept;

  void update(std::string_view bytes);
  /// Lower-case hex of everything given so far; the stream starts over afterwards.
  std::string finish_hex();

private:
  struct context;
  std::unique_ptr<context> context_;
};

} // namespace ib
