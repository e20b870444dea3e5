#include "actors/domain/registry_settings.hpp"

#include <algorithm>
#include <string_view>

namespace ib {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// A decimal number from 0 to 255 as it is written, without leading zeros.
bool is_octet(std::string_view text) {
  if (!is_number(text) || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return false;
  int value = 0;
  for (char c : text)
    value = value * 10 + (c - '0');
  return value <= 255;
}

/// 127.0.0.0/8; a host name that merely begins like it is none.
bool is_loopback_ipv4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  host.remove_prefix(4);
  for (int octet = 0; octet < 2; ++octet) {
    const auto dot = host.find('.');
    if (dot == std::string_view::npos || !is_octet(host.substr(0, dot))) return false;
    host.remove_prefix(dot + 1);
  }
  return is_octet(host);
}

bool is_loopback_ipv6(std::string_view host) { return host == "::1" || host == "0:0:0:0:0:0:0:1"; }

/// Host names do not depend on case.
bool is_localhost(std::string_view host) {
  constexpr std::string_view name = "localhost";
  return std::equal(host.begin(), host.end(), name.begin(), name.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

/// True where what follows the host is nothing or ":port".
bool is_port_suffix(std::string_view text) {
  return text.empty() || (text.front() == ':' && is_number(text.substr(1)));
}

} // namespace

bool speaks_plain_http(const registry_settings& settings, const std::string& domain) {
  const auto known = settings.registries.find(domain);
  if (known != settings.registries.end() && known->second.plain_http) return *known->second.plain_http;
  return is_loopback_domain(domain);
}

bool is_loopback_domain(const std::string& domain) {
  const std::string_view text = domain;
  if (is_loopback_ipv6(text)) return true;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    return close != std::string_view::npos && is_loopback_ipv6(text.substr(1, close - 1)) &&
           is_port_suffix(text.substr(close + 1));
  }
  const auto host = text.substr(0, text.find(':'));
  return is_port_suffix(text.substr(host.size())) && (is_localhost(host) || is_loopback_ipv4(host));
}

} // namespace ib
