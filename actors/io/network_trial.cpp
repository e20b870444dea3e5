#include "actors/io/network_trial.hpp"

#include "actors/io/unique_fd.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

namespace ib::io {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

struct list_freer {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using address_list = std::unique_ptr<addrinfo, list_freer>;

error refused(int code) {
  switch (code) {
  case EAFNOSUPPORT:
  case EADDRNOTAVAIL:
  case ENETUNREACH:
    return {error_code::failed_precondition, std::strerror(code), "", {}};
  case ETIMEDOUT:
    return {error_code::deadline_exceeded, "no answer", "", {}};
  default:
    return {error_code::unavailable, std::strerror(code), "", {}};
  }
}

/// A connected socket whose further steps take no longer than `patience` each.
result<unique_fd> connect_to(const host_address& to, uint16_t port, milliseconds patience) {
  addrinfo wanted{};
  wanted.ai_family = to.is_ipv6 ? AF_INET6 : AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (int failure = ::getaddrinfo(to.text.c_str(), std::to_string(port).c_str(), &wanted, &found);
      failure != 0)
    return error{error_code::invalid_argument, ::gai_strerror(failure), "", {}};
  address_list address(found);
  unique_fd socket(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return refused(errno);
  if (::connect(socket.get(), address->ai_addr, address->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return refused(errno);
    pollfd waiting{socket.get(), POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return refused(ETIMEDOUT);
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) return refused(failure);
  }
  ::fcntl(socket.get(), F_SETFL, 0);
  timeval limit{patience.count() / 1000, static_cast<suseconds_t>(patience.count() % 1000 * 1000)};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return socket;
}

struct context_freer {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct session_freer {
  void operator()(SSL* session) const { SSL_free(session); }
};
struct certificate_freer {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using context_ptr = std::unique_ptr<SSL_CTX, context_freer>;
using session_ptr = std::unique_ptr<SSL, session_freer>;

std::string library_words() {
  std::array<char, 256> text{};
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the peer hung up";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

int no_password(char*, int, int, void*) { return 0; }

/// The file of ours that cannot be used, empty where all can.
std::string prepare(SSL_CTX* context, const tls_peer& peer) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(context);
  SSL_CTX_set_default_passwd_cb(context, no_password);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (!peer.ca_file.empty() && SSL_CTX_load_verify_locations(context, peer.ca_file.c_str(), nullptr) != 1)
    return peer.ca_file;
  if (peer.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, peer.cert_file.c_str()) != 1) return peer.cert_file;
  const auto& key = peer.key_file.empty() ? peer.cert_file : peer.key_file;
  return SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1 ? std::string() : key;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return ::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

void expect(SSL* session, const std::string& host) {
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
  } else {
    SSL_set1_host(session, host.c_str());
    SSL_set_tlsext_host_name(session, host.c_str());
  }
}

tls_fault fault_of(long verification) {
  switch (verification) {
  case X509_V_OK:
    return tls_fault::other;
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return tls_fault::expired;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return tls_fault::other_name;
  default:
    return tls_fault::unknown_authority;
  }
}

int64_t end_of(const X509& certificate) {
  std::tm parts{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) == 1 ? timegm(&parts) : 0;
}

} // namespace

result<std::vector<host_address>> find_addresses(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int failure = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found); failure != 0)
    return error{error_code::not_found, ::gai_strerror(failure), "", {}};
  address_list list(found);
  std::vector<host_address> addresses;
  for (auto* one = list.get(); one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
        0)
      addresses.push_back({text.data(), one->ai_family == AF_INET6});
  }
  return addresses;
}

result<microseconds> try_connection(const host_address& to, uint16_t port, milliseconds patience) {
  auto began = clock::now();
  auto socket = connect_to(to, port, patience);
  if (!socket) return socket.error();
  return std::chrono::duration_cast<microseconds>(clock::now() - began);
}

tls_greeting try_tls(const tls_peer& peer, milliseconds patience) {
  tls_greeting greeting;
  auto fail = [&](tls_fault fault, std::string words) {
    greeting.fault = fault;
    greeting.words = std::move(words);
    return greeting;
  };
  ERR_clear_error();
  context_ptr context(SSL_CTX_new(TLS_client_method()));
  if (auto file = prepare(context.get(), peer); !file.empty())
    return fail(tls_fault::our_files, "cannot use " + file + ": " + library_words());
  auto socket = connect_to(peer.address, peer.port, patience);
  if (!socket) return fail(tls_fault::other, socket.error().message);
  session_ptr session(SSL_new(context.get()));
  SSL_set_fd(session.get(), socket->get());
  expect(session.get(), peer.host);
  bool greeted = SSL_connect(session.get()) == 1;
  std::unique_ptr<X509, certificate_freer> certificate(SSL_get1_peer_certificate(session.get()));
  if (certificate) greeting.ends_at = end_of(*certificate);
  greeting.version = SSL_get_version(session.get());
  auto verification = SSL_get_verify_result(session.get());
  if (greeted) return greeting;
  auto words = verification == X509_V_OK ? library_words() : X509_verify_cert_error_string(verification);
  ERR_clear_error();
  return fail(fault_of(verification), words);
}

} // namespace ib::io
