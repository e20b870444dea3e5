#include "gateway/doctor/checks.hpp"

#include "actors/engine/leftovers.hpp"
#include "actors/io/tls_material.hpp"
#include "actors/io/unique_fd.hpp"
#include "actors/io/utc_time.hpp"
#include "gateway/surroundings.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ib::doctor {

namespace fs = std::filesystem;

namespace {

constexpr uintmax_t little_space = 2ULL << 30;
constexpr int64_t soon_s = 7 * 24 * 3600;

/// Empty where a file can be made in the folder, else why not.
std::string try_to_write(const fs::path& folder) {
  auto name = (folder / "doctor-XXXXXX").string();
  io::unique_fd file(::mkstemp(name.data()));
  if (!file) return std::strerror(errno);
  ::unlink(name.c_str());
  return {};
}

/// The folder itself, or the nearest one above it that exists.
fs::path existing(fs::path folder) {
  std::error_code failure;
  while (!fs::exists(folder, failure) && folder.has_relative_path())
    folder = folder.parent_path();
  return folder;
}

std::string in_gib(uintmax_t bytes) { return std::to_string(bytes >> 30) + " GiB"; }

/// The process that holds the state folder: a service that runs. The words of its lock file.
std::optional<std::string> holder_of(const fs::path& state) {
  std::error_code failure;
  if (!fs::exists(state / "lock", failure)) return std::nullopt;
  auto lock = state_lock::take(state);
  if (lock) return std::nullopt;
  std::ifstream file(state / "lock");
  std::string pid;
  std::getline(file, pid);
  return pid;
}

struct listener {
  std::string key;
  std::string address;
};

std::vector<listener> listeners(const config::settings& settings) {
  std::vector<listener> list{{"server.services.grpc.address", settings.grpc.address},
                             {"metrics.address", settings.metrics_address},
                             {"health.address", settings.health_address},
                             {"debug.address", settings.debug.address}};
  if (settings.http) list.push_back({"server.services.http.address", settings.http->address});
  std::erase_if(list, [](const listener& one) { return one.address == config::off; });
  return list;
}

/// 0 where the address can be listened on, else the system's error.
int try_to_listen(const std::string& address) {
  auto colon = address.rfind(':');
  auto host = address.substr(0, colon), port = address.substr(colon + 1);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &wanted, &found) != 0)
    return EADDRNOTAVAIL;
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  io::unique_fd socket(::socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, 0));
  int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!socket || ::bind(socket.get(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(socket.get(), 1) != 0)
    return errno;
  return 0;
}

void check_port(subject& about, const listener& at, const std::optional<std::string>& holder) {
  int failure = try_to_listen(at.address);
  if (failure == 0) {
    about.fine(at.key, at.address + " is free");
  } else if (failure == EADDRINUSE && holder) {
    about.fine(at.key, at.address + " is in use; the service runs, as process " + *holder);
  } else if (failure == EADDRINUSE) {
    about.fail(at.key, at.address + " is in use by another program",
               "Stop that program (ss -ltnp shows it), or set another address in " + at.key + ".");
  } else if (failure == EACCES) {
    about.fail(at.key, at.address + ": " + std::strerror(failure),
               "Ports below 1024 need CAP_NET_BIND_SERVICE: give it, or set another port in " + at.key + ".");
  } else {
    about.fail(at.key, at.address + ": " + std::strerror(failure),
               "Is the address one of this machine's (ip address)? See " + at.key + ".");
  }
}

void check_certificate(report& to, const std::string& key, const config::listener_settings& listener) {
  if (!listener.tls) return;
  subject about(to, "certificate");
  auto material = io::read_tls_material({listener.tls->ca, listener.tls->certificate, listener.tls->key});
  if (!material) {
    about.fail(key, material.error().message, "See " + key + "; key and certificate belong together.");
    return;
  }
  auto left = material->ends_at - std::time(nullptr);
  auto words = listener.tls->certificate + " until " + io::utc_text(material->ends_at * 1000);
  if (left < 0)
    about.fail(key, words + ": it is over", "Put a new one there; the service takes it up by itself.");
  else if (left < soon_s)
    about.warn(key, words, "Put a new one there soon; the service takes it up by itself.");
  else
    about.fine(key, words);
}

} // namespace

std::optional<std::string> check_state(const patient& who, report& to) {
  subject about(to, "state folder");
  auto path = state_path(who.settings);
  if (!path) {
    about.fail("place", path.error().message, "Set local.stateDirectory.");
    return std::nullopt;
  }
  auto there = existing(*path);
  std::error_code failure;
  if (!fs::is_directory(there, failure)) {
    about.fail("place", there.string() + " is no folder",
               "Set local.stateDirectory to a folder of the service's own.");
    return std::nullopt;
  }
  if (auto why = try_to_write(there); !why.empty()) {
    about.fail("writing", there.string() + ": " + why,
               "Give the folder to the user that the service runs as, or set local.stateDirectory. Run this "
               "as that user.");
    return std::nullopt;
  }
  about.fine("writing", path->string() + (there == *path ? " can be written" : " can be made"));
  auto space = fs::space(there, failure);
  if (failure)
    about.warn("space", failure.message(), "Look at the disk.");
  else if (space.available < little_space)
    about.warn("space", in_gib(space.available) + " free",
               "Builds need room for their layers: make some, or lower local.layerCacheSize.");
  else
    about.fine("space", in_gib(space.available) + " free");
  auto holder = holder_of(*path);
  about.fine("lock", holder ? "held by the service that runs, process " + *holder : "free");
  return holder;
}

void check_ports(const patient& who, const std::optional<std::string>& holder, report& to) {
  subject about(to, "port");
  for (const auto& one : listeners(who.settings))
    check_port(about, one, holder);
}

void check_certificates(const patient& who, report& to) {
  check_certificate(to, "server.services.grpc.tls", who.settings.grpc);
  if (who.settings.http) check_certificate(to, "server.services.http.tls", *who.settings.http);
}

} // namespace ib::doctor
