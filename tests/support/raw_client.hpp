#pragma once

#include <string>
#include <string_view>

namespace ib::test {

/// A TCP client that says what a test tells it to, byte by byte, and reads what comes. Whatever does not come
/// within a minute throws.
class raw_client {
public:
  /// `address` is "host:port", with an IP address as host ("[::1]:80").
  explicit raw_client(const std::string& address, int receive_buffer_bytes = 0);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send(std::string_view bytes);
  /// As much as the other side takes at once.
  size_t send_some(std::string_view bytes);
  /// No byte will follow; the other direction stays open.
  void finish_sending();
  /// Everything up to and with `marker`.
  std::string read_until(std::string_view marker);
  std::string read_bytes(size_t count);
  /// Everything until the other side closes, in order or by a reset.
  std::string read_to_end();
  /// True where the other side reset the connection instead of closing it in order.
  bool was_reset() const { return reset_; }

private:
  bool fill();

  int socket_ = -1;
  bool reset_ = false;
  std::string received_;
};

} // namespace ib::test
