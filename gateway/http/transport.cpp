#include "gateway/http/transport.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace ib::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using failure = boost::system::error_code;

void half_close(tcp::socket& socket) {
  failure ignored; // the other side may be gone already
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void close_now(tcp::socket& socket) {
  failure ignored;
  socket.close(ignored);
}

class plain_transport final : public transport {
public:
  explicit plain_transport(tcp::socket socket) : socket_(std::move(socket)) {}

  void begin(done then) override {
    asio::post(socket_.get_executor(), [then = std::move(then)] { then({}, 0); });
  }
  void read(asio::mutable_buffer into, done then) override { socket_.async_read_some(into, std::move(then)); }
  void write(asio::const_buffer from, done then) override {
    asio::async_write(socket_, asio::const_buffers_1(from), std::move(then));
  }
  void finish(done then) override {
    half_close(socket_);
    begin(std::move(then));
  }
  void close() override { close_now(socket_); }

private:
  tcp::socket socket_;
};

class tls_transport final : public transport {
public:
  tls_transport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void begin(done then) override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [then = std::move(then)](const failure& failed) { then(failed, 0); });
  }
  void read(asio::mutable_buffer into, done then) override { stream_.async_read_some(into, std::move(then)); }
  void write(asio::const_buffer from, done then) override {
    asio::async_write(stream_, asio::const_buffers_1(from), std::move(then));
  }
  void finish(done then) override {
    stream_.async_shutdown([this, then = std::move(then)](const failure& failed) {
      half_close(stream_.next_layer());
      then(failed, 0);
    });
  }
  void close() override { close_now(stream_.next_layer()); }

private:
  std::shared_ptr<asio::ssl::context> context_; ///< the one it began with, whatever the files say by now
  asio::ssl::stream<tcp::socket> stream_;
};

} // namespace

std::unique_ptr<transport> make_plain_transport(tcp::socket socket) {
  return std::make_unique<plain_transport>(std::move(socket));
}

std::unique_ptr<transport> make_tls_transport(tcp::socket socket,
                                              std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<tls_transport>(std::move(socket), std::move(context));
}

} // namespace ib::http
