#include "gateway/doctor/checks.hpp"

#include "actors/domain/registry_settings.hpp"
#include "actors/io/network_trial.hpp"
#include "actors/source_words.hpp"

#include <chrono>
#include <sstream>
#include <utility>

namespace ib::doctor {

namespace {

constexpr std::chrono::milliseconds patience{5000};

std::string variable(const environment_map& environment, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto found = environment.find(name); found != environment.end() && !found->second.empty())
      return found->second;
  return {};
}

/// As the HTTP client's library reads no_proxy: names and the domains above them, with or without a leading
/// dot.
bool is_exempt(const std::string& list, const std::string& host) {
  std::string entry;
  std::string separated = list;
  for (auto& c : separated)
    if (c == ',') c = ' ';
  for (std::istringstream entries(separated); entries >> entry;) {
    if (entry == "*") return true;
    if (entry.starts_with('.')) entry.erase(0, 1);
    if (host == entry || (host.size() > entry.size() && host.ends_with("." + entry))) return true;
  }
  return false;
}

std::string in_ms(std::chrono::microseconds time) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << static_cast<double>(time.count()) / 1000 << " ms";
  return text.str();
}

/// What the attempts to reach all addresses of a host came to.
struct attempts {
  std::string words;
  size_t answered = 0;
  size_t refused = 0;
  size_t impossible = 0; ///< this machine does not speak that protocol
};

attempts try_all(const std::vector<io::host_address>& addresses, uint16_t port) {
  attempts all;
  for (const auto& address : addresses) {
    auto time = io::try_connection(address, port, patience);
    if (!all.words.empty()) all.words += "; ";
    all.words += std::string(address.is_ipv6 ? "IPv6 " : "IPv4 ") + address.text + ": ";
    if (time) {
      ++all.answered;
      all.words += "answered in " + in_ms(*time);
    } else {
      ++(time.error().code == error_code::failed_precondition ? all.impossible : all.refused);
      all.words += time.error().message;
    }
  }
  return all;
}

} // namespace

std::string proxy_for(const environment_map& environment, const std::string& scheme,
                      const std::string& host) {
  if (is_loopback_domain(host) || is_exempt(variable(environment, {"no_proxy", "NO_PROXY"}), host)) return {};
  // HTTP_PROXY in capitals may come from a request's header in a CGI environment; the library does not read
  // it.
  auto proxy = scheme == "https" ? variable(environment, {"https_proxy", "HTTPS_PROXY"})
                                 : variable(environment, {"http_proxy"});
  if (proxy.empty()) proxy = variable(environment, {"all_proxy", "ALL_PROXY"});
  // It may be given without "http://" before it.
  if (proxy.find("://") == std::string::npos)
    return proxy.substr(proxy.find('@') == std::string::npos ? 0 : proxy.rfind('@') + 1);
  return without_user(proxy);
}

bool check_connection(subject& about, const std::string& host, uint16_t port, const std::string& advice) {
  auto addresses = io::find_addresses(host);
  if (!addresses)
    return about.fail("name", host + ": " + addresses.error().message,
                      "Is the name right? Does this machine's resolver know it (getent hosts " + host + ")?");
  std::string list;
  for (const auto& address : *addresses)
    list += (list.empty() ? "" : ", ") + address.text;
  about.fine("name", host + " is " + list);
  auto all = try_all(*addresses, port);
  auto what = "port " + std::to_string(port) + ": " + all.words;
  if (all.answered == 0) return about.fail("connection", what, advice);
  // Of the loopback a server often serves one family alone, and an IPv6 address is of no use to a machine
  // without.
  if (all.refused > 0 && !is_loopback_domain(host))
    return about.warn("connection", what,
                      "Each request may try the address that does not answer first: mend or remove it.");
  return about.fine("connection", what);
}

} // namespace ib::doctor
