#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ib::test {

/// An HTTP/1.1 server on a free port of 127.0.0.1 whose answers are raw bytes of the test's choice. One
/// request per connection, one connection at a time.
class scripted_server {
public:
  /// Gets the request (head and body), returns the raw response. An empty one closes the connection
  /// without a word; hang() keeps it open without a word until the server ends.
  using script = std::function<std::string(const std::string& request)>;

  explicit scripted_server(script answer);
  ~scripted_server();
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;

  std::string domain() const;
  std::vector<std::string> requests();

  /// A response with Content-Length and "Connection: close". `headers` end with CRLF each.
  static std::string response(const std::string& status, const std::string& headers, const std::string& body);
  /// Makes the server send bytes for as long as the client reads.
  static std::string endless() { return "ENDLESS"; }
  static std::string hang() { return stall(""); }
  /// Sends `bytes`, then nothing more, and keeps the connection open until the server ends.
  static std::string stall(const std::string& bytes) { return "STALL\n" + bytes; }
  /// Sends `bytes`, then one byte of `more` after the other, again and again, slowly, until the client
  /// leaves.
  static std::string drip(const std::string& bytes, const std::string& more) {
    return "DRIP\n" + std::to_string(bytes.size()) + "\n" + bytes + more;
  }
  /// Sends `bytes` and resets the connection.
  static std::string reset(const std::string& bytes) { return "RESET\n" + bytes; }

private:
  void serve();
  void answer_one(int connection);
  std::string read_request(int connection);
  void send_answer(int connection, const std::string& answer);
  void send_endless(int connection) const;
  void send_drip(int connection, const std::string& order) const;
  bool wait_readable(int descriptor) const;

  script answer_;
  int listener_ = -1;
  int stop_event_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> hanging_;
  std::thread thread_;
};

/// A port of 127.0.0.1 that is taken, so that nobody else can serve it, and refuses connections.
class refusing_port {
public:
  refusing_port();
  ~refusing_port();
  refusing_port(const refusing_port&) = delete;
  refusing_port& operator=(const refusing_port&) = delete;

  std::string domain() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  int port_ = 0; // set while socket_ is made
  int socket_ = -1;
};

} // namespace ib::test
