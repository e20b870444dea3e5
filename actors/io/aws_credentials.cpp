#include "actors/io/aws_credentials.hpp"

#include "actors/domain/registry_settings.hpp"
#include "actors/io/http_await.hpp"
#include "actors/io/http_url.hpp"
#include "actors/io/unique_fd.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

constexpr size_t max_token_bytes = 65'536;

std::string variable(const environment_map& environment, const std::string& name) {
  auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

error unreadable(const std::string& file, const char* cause) {
  return {error_code::failed_precondition, "cannot read AWS_WEB_IDENTITY_TOKEN_FILE " + file + ": " + cause};
}

/// The token file, read at each use: whoever issues the tokens replaces it while they run.
result<std::string> read_token(const std::string& file) {
  unique_fd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor) return unreadable(file, std::strerror(errno));
  std::string text(max_token_bytes + 1, '\0');
  size_t length = 0;
  while (length < text.size()) {
    auto count = ::read(descriptor.get(), text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(file, std::strerror(errno));
    if (count == 0) break;
    length += static_cast<size_t>(count);
  }
  if (length > max_token_bytes) return unreadable(file, "it is too large");
  text.resize(length);
  text.erase(text.find_last_not_of(" \t\r\n") + 1); // npos + 1 is 0
  if (text.empty()) return unreadable(file, "it is empty");
  return text;
}

task<result<aws_keys>> assume_role(http_client& http, std::string endpoint, web_identity identity) {
  http_exchange exchange(http, web_identity_request(endpoint, identity));
  auto response = co_await exchange;
  if (!response) co_return response.error();
  co_return parse_web_identity(*response);
}

} // namespace

result<std::string> aws_endpoint(const environment_map& environment, const std::string& service,
                                 const std::string& usual) {
  auto name = "AWS_ENDPOINT_URL_" + service;
  if (variable(environment, name).empty()) name = "AWS_ENDPOINT_URL";
  auto url = variable(environment, name);
  if (url.empty()) return usual;
  auto origin = parse_origin(url);
  if (!origin) return error{error_code::failed_precondition, name + " is not a valid http or https URL"};
  if (origin->scheme != "https" && !is_loopback_domain(origin->host))
    return error{error_code::failed_precondition,
                 name + " speaks plain HTTP to another host; credentials are not sent there"};
  return url;
}

task<result<aws_keys>> find_aws_keys(http_client& http, environment_map environment, ecr_host host) {
  aws_keys keys{variable(environment, "AWS_ACCESS_KEY_ID"), variable(environment, "AWS_SECRET_ACCESS_KEY"),
                variable(environment, "AWS_SESSION_TOKEN")};
  if (!keys.access_key.empty() && !keys.secret_key.empty()) co_return keys;
  web_identity identity{
      variable(environment, "AWS_ROLE_ARN"), variable(environment, "AWS_ROLE_SESSION_NAME"), {}};
  const auto file = variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (identity.role.empty() || file.empty())
    co_return error{error_code::failed_precondition,
                    "the environment has neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor "
                    "AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE"};
  if (identity.session_name.empty()) identity.session_name = "image-builder";
  auto token = read_token(file);
  if (!token) co_return token.error();
  identity.token = std::move(*token);
  auto endpoint = aws_endpoint(environment, "STS", sts_endpoint(host));
  if (!endpoint) co_return endpoint.error();
  auto assuming = assume_role(http, *endpoint, std::move(identity));
  auto assumed = co_await assuming;
  if (!assumed) co_return with_context(assumed.error(), "AssumeRoleWithWebIdentity");
  co_return assumed;
}

} // namespace ib::io
