#include "actors/io/ecr_credentials.hpp"

#include "actors/io/http_await.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace ib::io {

namespace {

using namespace std::chrono_literals;
using time_point = std::chrono::system_clock::time_point;
using answer = result<registry_credential>;
using answer_callback = std::function<void(answer)>;

constexpr auto kept_for = 4h;
/// A lookup may need its password for a while: one that is about to expire is not given out.
constexpr auto expiry_margin = 5min;
/// Callers may ask for any number of hosts.
constexpr size_t max_kept = 1'000;

struct kept_password {
  registry_credential credential;
  time_point until;
};

/// All members are of the HTTP client's thread, except the client itself.
struct ecr_core {
  explicit ecr_core(ecr_settings how) : settings(std::move(how)) {}

  ecr_settings settings;
  std::map<std::string, kept_password> kept;                 ///< by domain
  std::map<std::string, std::vector<answer_callback>> asked; ///< requests in flight
  http_client http;

  const registry_credential* kept_for_now(const std::string& domain) {
    auto found = kept.find(domain);
    if (found == kept.end()) return nullptr;
    if (settings.now() < found->second.until) return &found->second.credential;
    kept.erase(found);
    return nullptr;
  }

  void keep(const std::string& domain, const ecr_password& password, const registry_credential& credential) {
    auto until = settings.now() + kept_for;
    if (password.expires) until = std::min(until, *password.expires - expiry_margin);
    if (kept.size() >= max_kept && !kept.contains(domain))
      kept.erase(std::min_element(kept.begin(), kept.end(), [](const auto& left, const auto& right) {
        return left.second.until < right.second.until;
      }));
    kept.insert_or_assign(domain, kept_password{credential, until});
  }

  void answer_all(const std::string& domain, const answer& found) {
    auto callers = asked.extract(domain);
    for (auto& done : callers.mapped())
      done(found);
  }
};

task<result<ecr_password>> fetch_password(std::shared_ptr<ecr_core> core, ecr_host host) {
  auto endpoint = aws_endpoint(core->settings.environment, "ECR", ecr_endpoint(host));
  if (!endpoint) co_return endpoint.error();
  auto finding = find_aws_keys(core->http, core->settings.environment, host);
  auto keys = co_await finding;
  if (!keys) co_return keys.error();
  http_exchange exchange(core->http, authorization_token_request(*endpoint, host.region, *keys));
  auto response = co_await exchange;
  if (!response) co_return with_context(response.error(), "GetAuthorizationToken");
  auto password = parse_authorization_token(*response);
  if (!password) co_return with_context(password.error(), "GetAuthorizationToken");
  co_return password;
}

void finish(ecr_core& core, const std::string& domain, const result<ecr_password>& fetched) {
  if (!fetched) return core.answer_all(domain, with_context(fetched.error(), "Amazon ECR for " + domain));
  registry_credential credential;
  credential.username = fetched->username;
  credential.password = fetched->password;
  core.keep(domain, *fetched, credential);
  core.answer_all(domain, credential);
}

void look_up(const std::shared_ptr<ecr_core>& core, const std::string& domain, const ecr_host& host,
             answer_callback done) {
  if (const auto* credential = core->kept_for_now(domain)) return done(*credential);
  auto& callers = core->asked[domain];
  callers.push_back(std::move(done));
  if (callers.size() > 1) return;
  start<ecr_password>(fetch_password(core, host),
                      [core, domain](result<ecr_password> fetched) { finish(*core, domain, fetched); });
}

class ecr_source : public credential_source {
public:
  explicit ecr_source(ecr_settings settings) : core_(std::make_shared<ecr_core>(std::move(settings))) {}
  ~ecr_source() override { core_->http.stop(); }

  void find(const std::string& domain, answer_callback done) override {
    auto host = parse_ecr_host(domain);
    if (!host) return done(registry_credential{});
    core_->http.post([core = core_, domain, host = std::move(*host), done = std::move(done)](bool alive) {
      if (!alive) return done(error{error_code::cancelled, "the service is stopping"});
      look_up(core, domain, host, done);
    });
  }

private:
  std::shared_ptr<ecr_core> core_;
};

} // namespace

std::shared_ptr<credential_source> make_ecr_source(ecr_settings settings) {
  return std::make_shared<ecr_source>(std::move(settings));
}

} // namespace ib::io
