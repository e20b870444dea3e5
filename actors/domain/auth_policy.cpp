#include "actors/domain/auth_policy.hpp"

#include "actors/domain/base64.hpp"

#include <algorithm>
#include <utility>

namespace ib {

namespace {

/// The domains for which a request may use the service's own credentials.
bool allows(const request_auth& auth, std::string_view domain, std::string_view base_domain,
            std::string_view workspace_domain) {
  switch (auth.mode) {
  case request_auth::kind::none:
    return false;
  case request_auth::kind::total:
    return auth.allow_all;
  case request_auth::kind::selective:
    return (auth.allow_base_repository && domain == base_domain) ||
           (auth.allow_workspace_repository && domain == workspace_domain) ||
           std::find(auth.any_of.begin(), auth.any_of.end(), domain) != auth.any_of.end();
  }
  return false;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

/// One label of a host name, as Amazon names its regions.
bool is_region(std::string_view text) {
  return !text.empty() && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// An opaque value is sent as it is in an HTTP header: one that cannot stand there is no credential.
registry_credential opaque(std::string_view value) {
  registry_credential credential;
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (std::all_of(value.begin(), value.end(), is_visible)) credential.opaque_auth = value;
  return credential;
}

} // namespace

bool registry_credential::empty() const { return *this == registry_credential{}; }

auth_policy::auth_policy(std::string base_domain, std::string workspace_domain)
    : base_domain_(std::move(base_domain)), workspace_domain_(std::move(workspace_domain)) {}

std::vector<credential_kind> auth_policy::sources(const request_auth& auth, registry_purpose purpose,
                                                  std::string_view domain) const {
  const bool is_base = domain == base_domain_;
  const bool is_workspace = domain == workspace_domain_;
  bool service = false;
  bool request = false;
  switch (purpose) {
  case registry_purpose::own_image:
    service = true;
    break;
  case registry_purpose::resolve:
    service = allows(auth, domain, base_domain_, workspace_domain_);
    request = true;
    break;
  case registry_purpose::dockerfile:
    // An allowed workspace repository lets a caller look its images up, not build upon those of others.
    service = is_base && allows(auth, domain, base_domain_, {});
    request = !is_workspace;
    break;
  }
  std::vector<credential_kind> kinds;
  const bool request_first = !is_base && !is_workspace;
  if (request && request_first) kinds.push_back(credential_kind::request);
  if (service) kinds.push_back(credential_kind::service_file);
  if (is_ecr_host(domain)) kinds.push_back(credential_kind::ecr);
  if (request && !request_first) kinds.push_back(credential_kind::request);
  return kinds;
}

bool auth_policy::is_ecr_host(std::string_view domain) {
  constexpr size_t account_digits = 12;
  if (domain.size() < account_digits) return false;
  const auto account = domain.substr(0, account_digits);
  if (!std::all_of(account.begin(), account.end(), is_digit)) return false;
  domain.remove_prefix(account_digits);
  if (!drop_prefix(domain, ".dkr.ecr.") && !drop_prefix(domain, ".dkr.ecr-fips.")) return false;
  return (drop_suffix(domain, ".amazonaws.com") || drop_suffix(domain, ".amazonaws.com.cn")) &&
         is_region(domain);
}

registry_credential auth_policy::decode_additional(std::string_view domain, std::string_view value) {
  value = trimmed(value);
  const auto decoded = base64_decode(value);
  if (!decoded) return opaque(value);
  const std::string_view text = *decoded;
  // A known client sends "host:port:token" where the host with its port is the user.
  const bool has_domain = !domain.empty() && text.size() > domain.size() && text.starts_with(domain) &&
                          text[domain.size()] == ':';
  const auto colon = has_domain ? domain.size() : text.find(':');
  if (colon == std::string_view::npos) return opaque(value);
  registry_credential credential;
  credential.username = text.substr(0, colon);
  credential.password = text.substr(colon + 1);
  return credential;
}

registry_credential auth_policy::from_request(const request_auth& auth, std::string_view domain) {
  const auto found = auth.additional.find(std::string(domain));
  return found == auth.additional.end() ? registry_credential{} : decode_additional(domain, found->second);
}

} // namespace ib
