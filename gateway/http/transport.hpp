#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>

namespace ib::http {

/// A connection's bytes, plain or by TLS. At most one read and one write at a time; every operation calls
/// back exactly once, also after close().
class transport {
public:
  using done = std::function<void(const boost::system::error_code&, size_t)>;

  virtual ~transport() = default;
  /// Whatever comes before the first byte.
  virtual void begin(done then) = 0;
  virtual void read(boost::asio::mutable_buffer into, done then) = 0;
  /// Writes the whole buffer.
  virtual void write(boost::asio::const_buffer from, done then) = 0;
  /// Nothing more will be written: says so to the other side, in order.
  virtual void finish(done then) = 0;
  /// Ends it at once; what is under way fails.
  virtual void close() = 0;
};

std::unique_ptr<transport> make_plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<transport> make_tls_transport(boost::asio::ip::tcp::socket socket,
                                              std::shared_ptr<boost::asio::ssl::context> context);

} // namespace ib::http
