#include "config/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace ib::config {
namespace {

error wrong(std::string message) {
  return {error_code::invalid_argument, std::move(message), {}, std::nullopt};
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_ip(int family, std::string_view text) {
  unsigned char binary[sizeof(in6_addr)];
  return inet_pton(family, std::string(text).c_str(), binary) == 1;
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_host_name(std::string_view host) {
  if (host.size() > 253) return false;
  // Digits and dots alone can only be an IPv4 address, and then have to be a right one.
  if (host.find_first_not_of("0123456789.") == std::string_view::npos) return is_ip(AF_INET, host);
  if (host.ends_with('.')) host.remove_suffix(1);
  while (true) {
    auto dot = host.find('.');
    if (!is_host_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

result<void> check_host(std::string_view host, address_use use) {
  if (host.empty()) {
    if (use == address_use::connect) return wrong("the host before the port is missing");
    return {};
  }
  if (host.starts_with('[')) {
    if (host.size() > 2 && host.ends_with(']') && is_ip(AF_INET6, host.substr(1, host.size() - 2))) return {};
    return wrong("the brackets must hold an IPv6 address");
  }
  if (host.find(':') != std::string_view::npos)
    return wrong("an IPv6 address needs brackets, and the port comes last");
  if (!is_host_name(host)) return wrong("the host is neither a host name nor an IP address");
  return {};
}

} // namespace

result<void> check_address(std::string_view text, address_use use) {
  if (text.find("//") != std::string_view::npos) return wrong("it must not be a URL");
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  auto port = text.substr(colon + 1);
  uint16_t number = 0;
  auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (fault != std::errc{} || end != port.data() + port.size())
    return wrong("the port after the last colon must be a number up to 65535");
  if (number == 0 && use == address_use::connect) return wrong("the port must be above 0");
  return check_host(text.substr(0, colon), use);
}

result<void> check_base_url(std::string_view text) {
  bool secure = text.starts_with("https://");
  if (!secure && !text.starts_with("http://")) return wrong("it must begin with http:// or https://");
  text.remove_prefix(secure ? 8 : 7);
  if (text.find_first_of("?#@ ") != std::string_view::npos)
    return wrong("it must have no user, query, fragment or space");
  auto authority = text.substr(0, text.find('/'));
  if (authority.empty()) return wrong("the host is missing");
  bool has_port = authority.rfind(':') != std::string_view::npos && !authority.ends_with(']');
  return has_port ? check_address(authority, address_use::connect)
                  : check_host(authority, address_use::connect);
}

bool is_loopback_address(std::string_view text) {
  auto host = text.substr(0, text.rfind(':'));
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && is_ip(AF_INET, host));
}

} // namespace ib::config
