#pragma once

#include "gateway/http/limits.hpp"
#include "gateway/http/loop.hpp"
#include "gateway/http/router.hpp"
#include "gateway/http/transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

namespace ib::http {

class connection;

/// What the connections of one server share; touched on its thread only.
struct server_core {
  std::shared_ptr<loop> events = std::make_shared<loop>();
  router routes;
  limits limit;
  std::unordered_set<std::shared_ptr<connection>> open; ///< each until it closes; nobody else keeps them
  size_t streams = 0;
};

/// One client's connection: reads a request, gives it to the router, writes the answer, and again.
///
///   beginning -> reading -> answering -> writing -> reading ... -> lingering -> closed
///                                   \-> streaming <-> parked -> (the same)
///
/// A read is always under way, so that a client that goes away is noticed while it is being answered. Runs on
/// the server's thread alone; whoever else holds a reply or a waker posts to it.
class connection : public std::enable_shared_from_this<connection> {
public:
  connection(server_core& core, std::unique_ptr<transport> bytes);

  void start();
  void close();

  /// The answer to request number `to`; ignored where that is answered already.
  void take_answer(uint64_t to, response whole);
  void take_stream(uint64_t to, response head, std::unique_ptr<body_source> body);
  /// A parked stream may have more.
  void woken();

private:
  enum class phase : uint8_t { beginning, reading, answering, writing, streaming, parked, lingering, closed };
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read_next_request();
  void keep_reading();
  void on_read(size_t count);
  void on_gone();
  void parse();
  void dispatch();
  void refuse(int status, std::string_view words);
  void write_answer(const response& whole);
  void write(std::string text);
  void written();
  void begin_stream(const response& head, std::unique_ptr<body_source> body);
  void end_stream();
  void pump();
  std::string framed(std::string piece) const;
  void answered();
  void linger();
  void set_deadline(std::chrono::milliseconds after);
  void on_deadline();

  server_core& core_;
  std::unique_ptr<transport> bytes_;
  boost::asio::steady_timer timer_;
  phase phase_ = phase::beginning;
  std::array<char, 4096> scratch_;
  bool reading_ = false;
  bool gone_ = false;   ///< the client will send nothing more
  std::string pending_; ///< what came and is not parsed yet
  std::optional<parser> parser_;
  uint64_t requests_ = 0; ///< the number of the last one
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool chunked_ = false;
  std::string out_; ///< what is being written
  std::unique_ptr<body_source> body_;
  std::shared_ptr<waker> waker_;
};

} // namespace ib::http
