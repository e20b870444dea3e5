#include "gateway/http/server.hpp"

#include "actors/io/log.hpp"
#include "gateway/http/connection.hpp"
#include "gateway/http/tls_identity.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <csignal>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ib::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using failure = boost::system::error_code;

/// Before the next try where the process has no descriptor left for a connection.
constexpr std::chrono::milliseconds accept_pause{100};

struct host_and_port {
  std::string host; ///< without brackets; empty: all addresses
  std::string port;
};

host_and_port split(const std::string& address) {
  auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

/// What an address may stand for, to be tried in this order.
std::vector<tcp::endpoint> endpoints(asio::io_context& context, const std::string& address, failure& failed) {
  auto where = split(address);
  std::vector<tcp::endpoint> found;
  if (where.host.empty()) {
    auto port = static_cast<uint16_t>(std::stoul(where.port));
    return {tcp::endpoint(tcp::v6(), port), tcp::endpoint(tcp::v4(), port)};
  }
  tcp::resolver resolver(context);
  for (const auto& entry : resolver.resolve(where.host, where.port, tcp::resolver::passive, failed))
    found.push_back(entry.endpoint());
  return found;
}

bool open(tcp::acceptor& acceptor, const tcp::endpoint& at, bool all_addresses, failure& failed) {
  failure ignored;
  if (acceptor.open(at.protocol(), failed)) return false;
  acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (all_addresses && at.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), failed);
  if (!failed) acceptor.bind(at, failed);
  if (!failed) acceptor.listen(tcp::acceptor::max_listen_connections, failed);
  if (failed) acceptor.close(ignored);
  return !failed;
}

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// Whatever a handler throws ends the request that it was about, not the server.
void run_until_done(asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& e) {
      io::log_error("a request could not be handled", {{"cause", e.what()}});
    }
  }
}

bool is_any_address(const std::string& host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

} // namespace

struct server::parts {
  explicit parts(const limits& limit) : acceptor(core.events->context()), pause(core.events->context()) {
    core.limit = limit;
  }

  void accept();
  void take(tcp::socket socket);
  void refuse(tcp::socket& socket) const;
  void stop();

  server_core core;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::unique_ptr<tls_identity> identity; ///< null: plain HTTP
  std::string address;
  std::thread thread;
};

void server::parts::accept() {
  acceptor.async_accept([this](const failure& failed, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!failed) {
      take(std::move(socket));
      return accept();
    }
    // Without a free descriptor the connection stays in the queue: trying at once would spin.
    pause.expires_after(accept_pause);
    pause.async_wait([this](const failure& stopped) {
      if (!stopped && acceptor.is_open()) accept();
    });
  });
}

void server::parts::take(tcp::socket socket) {
  if (core.open.size() >= core.limit.connections) return refuse(socket);
  failure ignored; // options only: a connection works without
  socket.set_option(tcp::no_delay(true), ignored);
  // A client whose machine went away without a word would hold its stream for ever.
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  auto bytes = identity ? make_tls_transport(std::move(socket), identity->current())
                        : make_plain_transport(std::move(socket));
  std::make_shared<connection>(core, std::move(bytes))->start();
}

/// Closes it at once; where it understands us without a handshake, with a word.
void server::parts::refuse(tcp::socket& socket) const {
  failure ignored;
  socket.non_blocking(true, ignored);
  auto busy = plain(503, "too many connections are open; try again later");
  auto text =
      head_text(busy, "Content-Length: " + std::to_string(busy.body.size()) + "\r\n", false) + busy.body;
  if (!identity) socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void server::parts::stop() {
  failure ignored;
  acceptor.close(ignored);
  pause.cancel();
  while (!core.open.empty()) {
    auto one = *core.open.begin();
    one->close();
  }
}

result<std::unique_ptr<server>> server::listen(const config::listener_settings& settings,
                                               const std::string& key, const limits& limit) {
  auto made = std::make_unique<parts>(limit);
  if (settings.tls) {
    auto identity = tls_identity::load(*settings.tls);
    if (!identity) return with_context(identity.error(), key);
    made->identity = std::move(*identity);
  }
  failure failed;
  bool any = split(settings.address).host.empty();
  for (const auto& at : endpoints(made->core.events->context(), settings.address, failed))
    if (failed.clear(); open(made->acceptor, at, any, failed)) break;
  if (!made->acceptor.is_open())
    return error{error_code::failed_precondition,
                 "cannot listen on " + settings.address + ": " + failed.message(),
                 key + ".address",
                 {}};
  auto port = made->acceptor.local_endpoint().port();
  made->address = settings.address.substr(0, settings.address.rfind(':') + 1) + std::to_string(port);
  return std::unique_ptr<server>(new server(std::move(made)));
}

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

void server::serve(router routes) {
  parts_->core.routes = std::move(routes);
  parts_->accept();
  parts_->thread = std::thread([events = parts_->core.events] {
    // Signals are the main thread's business.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    run_until_done(events->context());
  });
}

server::~server() {
  if (!parts_->thread.joinable()) return;
  parts_->core.events->post([this] { parts_->stop(); });
  parts_->core.events->close();
  parts_->thread.join();
}

const std::string& server::address() const { return parts_->address; }

std::string server::base_url() const {
  auto where = split(parts_->address);
  auto host =
      is_any_address(where.host) ? machine_name() : parts_->address.substr(0, parts_->address.rfind(':'));
  return (parts_->identity ? "https://" : "http://") + host + ":" + where.port;
}

} // namespace ib::http
