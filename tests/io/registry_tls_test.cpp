#include "actors/domain/base64.hpp"
#include "actors/io/http_url.hpp"
#include "tests/io/registry_calls.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/token_service.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

registry_process::setup tls_for(const std::string& name) { return {"127.0.0.1", {}, name, {}}; }

/// HTTPS with the registry, verified by its own CA.
registry_settings trusting(const registry_process& registry) {
  registry_settings settings;
  settings.registries[registry.domain()].plain_http = false;
  settings.registries[registry.domain()].ca_file = registry.ca_file();
  return settings;
}

error failure_with(const registry_settings& settings, const std::string& domain) {
  auto found = registry_calls(settings).resolve({{domain, "a", "v1", ""}, {}});
  REQUIRE_FALSE(found);
  return found.error();
}

} // namespace

TEST_CASE("a registry with a private certificate is trusted by its CA file alone") {
  registry_process registry(tls_for("IP:127.0.0.1"));
  registry_settings settings;
  settings.registries[registry.domain()].plain_http = false;
  registry_calls distrusting(settings);
  auto refused = distrusting.resolve({registry.tagged("a", "v1"), {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unavailable);
  CHECK(contains(refused.error().message, "certificate"));

  settings.registries[registry.domain()].ca_file = registry.ca_file();
  registry_calls trusting(settings);
  auto missing = trusting.resolve({registry.tagged("a", "v1"), {}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == error_code::not_found);
  CHECK(contains(registry.log_with("\"HEAD /v2/a/manifests/v1 HTTP/2.0\""), "HTTP/2.0\" 404"));
}

TEST_CASE("a CA is trusted for its own registry alone") {
  registry_process registry(tls_for("IP:127.0.0.1"));
  registry_process other(tls_for("IP:127.0.0.1"));
  auto settings = trusting(registry);
  settings.registries[other.domain()].plain_http = false;
  CHECK(failure_with(settings, registry.domain()).code == error_code::not_found);
  auto refused = failure_with(settings, other.domain());
  CHECK(refused.code == error_code::unavailable);
  CHECK(contains(refused.message, "certificate"));
}

TEST_CASE("a certificate for another name is refused") {
  registry_process registry(tls_for("DNS:other.example.com"));
  auto refused = failure_with(trusting(registry), registry.domain());
  CHECK(refused.code == error_code::unavailable);
  CHECK(contains(refused.message, "127.0.0.1"));
}

TEST_CASE("a client certificate opens a registry that asks for one") {
  temp_dir folder;
  make_certificate("DNS:client.test", folder / "client.key", folder / "client.pem");
  make_certificate("DNS:client.test", folder / "stranger.key", folder / "stranger.pem");
  auto how = tls_for("IP:127.0.0.1");
  how.client_ca = (folder / "client.pem").string();
  registry_process registry(how);

  auto settings = trusting(registry);
  CHECK(failure_with(settings, registry.domain()).code == error_code::unavailable);
  auto& options = settings.registries[registry.domain()];
  options.cert_file = (folder / "client.pem").string();
  options.key_file = (folder / "client.key").string();
  CHECK(failure_with(settings, registry.domain()).code == error_code::not_found);
  options.cert_file = (folder / "stranger.pem").string();
  options.key_file = (folder / "stranger.key").string();
  CHECK(failure_with(settings, registry.domain()).code == error_code::unavailable);
  options.key_file = (folder / "gone.key").string();
  CHECK(failure_with(settings, registry.domain()).code == error_code::unavailable);
}

TEST_CASE("certificate and key may be in one file") {
  temp_dir folder;
  make_certificate("DNS:client.test", folder / "client.key", folder / "client.pem");
  auto how = tls_for("IP:127.0.0.1");
  how.client_ca = (folder / "client.pem").string();
  registry_process registry(how);
  auto both = folder / "both.pem";
  std::ofstream(both) << std::ifstream(folder / "client.pem").rdbuf()
                      << std::ifstream(folder / "client.key").rdbuf();
  auto settings = trusting(registry);
  settings.registries[registry.domain()].cert_file = both.string();
  CHECK(failure_with(settings, registry.domain()).code == error_code::not_found);
}

TEST_CASE("nothing is said in the clear to a registry that should speak HTTPS") {
  scripted_server plain([](const std::string&) { return scripted_server::response("200 OK", "", ""); });
  registry_settings settings;
  settings.registries[plain.domain()].plain_http = false;
  auto refused = failure_with(settings, plain.domain());
  CHECK(refused.code == error_code::unavailable);
  for (const auto& request : plain.requests())
    CHECK_FALSE(contains(request, "HTTP/"));
}

TEST_CASE("credentials do not go from HTTPS to a token service without it") {
  token_service tokens;
  auto how = tls_for("IP:127.0.0.1");
  how.auth = tokens.registry_config();
  registry_process registry(how);
  registry_calls calls(trusting(registry));
  registry_lookup lookup{registry.tagged("public/app", "v1"), {}};
  lookup.auth.additional[registry.domain()] = base64_encode("alice:right-password");
  auto refused = calls.resolve(lookup);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(contains(refused.error().message, "speaks plain HTTP; credentials are not sent there"));
  CHECK(tokens.requests().empty());
}

TEST_CASE("a redirect leaves credentials, CA and client certificate behind and never goes to plain HTTP") {
  http_request request;
  request.url = "https://a.example.com/v2/";
  request.headers.set("Authorization", "Basic c2VjcmV0");
  request.ca_file = "ca.pem";
  request.cert_file = "client.pem";
  request.key_file = "client.key";
  http_response response;
  response.status = 307;
  response.headers.set("Location", "/v2/other");
  auto same = redirected(request, response);
  REQUIRE(same);
  CHECK(same->headers.first("Authorization") == "Basic c2VjcmV0");
  CHECK(same->cert_file == "client.pem");
  for (const std::string target : {"https://b.example.com/", "https://a.example.com:8443/"}) {
    response.headers.set("Location", target);
    auto elsewhere = redirected(request, response);
    REQUIRE(elsewhere);
    CHECK(elsewhere->headers.first("Authorization").empty());
    CHECK(elsewhere->ca_file + elsewhere->cert_file + elsewhere->key_file == "");
  }
  response.headers.set("Location", "http://a.example.com/v2/");
  auto downgrade = redirected(request, response);
  REQUIRE_FALSE(downgrade);
  CHECK(downgrade.error().code == error_code::unavailable);
}
