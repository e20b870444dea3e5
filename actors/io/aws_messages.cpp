#include "actors/io/aws_messages.hpp"

#include "actors/domain/base64.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace ib::io {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr size_t max_answer_bytes = 262'144;

http_request post_to(const std::string& endpoint) {
  http_request request;
  request.method = http_method::post;
  request.url = endpoint;
  request.total_timeout = 10s;
  request.max_body_bytes = max_answer_bytes;
  return request;
}

/// A member of an object; null for anything else.
const json* member(const json* object, const char* name) {
  if (!object || !object->is_object()) return nullptr;
  auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::string text_of(const json* value) {
  return value && value->is_string() ? value->get_ref<const std::string&>() : std::string();
}

json parse(const std::string& text) { return json::parse(text, nullptr, false); }

/// A time in seconds since 1970, with a fraction; nothing where no clock can show it.
std::optional<std::chrono::system_clock::time_point> time_of(const json* value) {
  constexpr double year_2200 = 7'258'118'400;
  if (!value || !value->is_number()) return std::nullopt;
  auto seconds = value->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > year_2200) return std::nullopt;
  return std::chrono::system_clock::time_point(std::chrono::seconds(static_cast<int64_t>(seconds)));
}

error corrupt(const char* what) { return {error_code::data_corrupt, what}; }

/// The type of a failure: "com.amazonaws…#ThrottlingException:http://…" is "ThrottlingException".
std::string failure_type(const http_response& response) {
  auto body = parse(response.body);
  auto type = text_of(member(&body, "__type"));
  if (type.empty()) type = text_of(member(member(&body, "Error"), "Code"));
  if (type.empty()) type = response.headers.first("x-amzn-ErrorType");
  type = type.substr(0, type.find(':'));
  type = type.substr(type.rfind('#') + 1); // npos + 1 is 0
  constexpr size_t longest = 64;
  bool is_name =
      type.size() <= longest && std::all_of(type.begin(), type.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
      });
  return is_name ? type : std::string();
}

template <size_t Size>
bool is_one_of(std::string_view type, const std::array<std::string_view, Size>& names) {
  return std::find(names.begin(), names.end(), type) != names.end();
}

/// Amazon says most of it by the type, under the status 400. The query and JSON protocols spell some types
/// differently: with and without "Exception".
error_code code_of(int status, std::string_view type) {
  constexpr std::string_view suffix = "Exception";
  if (type.ends_with(suffix)) type.remove_suffix(suffix.size());
  static constexpr std::array<std::string_view, 4> throttled{"Throttling", "ThrottledRequest",
                                                             "TooManyRequests", "RequestLimitExceeded"};
  static constexpr std::array<std::string_view, 3> denied{"AccessDenied", "UnauthorizedOperation",
                                                          "OptInRequired"};
  static constexpr std::array<std::string_view, 12> unknown{
      "UnrecognizedClient",    "InvalidSignature", "SignatureDoesNotMatch", "InvalidClientTokenId",
      "ExpiredToken",          "InvalidToken",     "InvalidIdentityToken",  "IncompleteSignature",
      "MissingAuthentication", "RequestExpired",   "IDPRejectedClaim",      "MissingAuthenticationToken"};
  if (status == 429 || is_one_of(type, throttled)) return error_code::too_many_requests;
  if (is_one_of(type, denied)) return error_code::permission_denied;
  if (is_one_of(type, unknown) || status == 401) return error_code::unauthenticated;
  if (type == "IDPCommunicationError" || status >= 500) return error_code::unavailable;
  return status == 403 ? error_code::permission_denied : error_code::internal;
}

} // namespace

http_request authorization_token_request(const std::string& endpoint, const std::string& region,
                                         const aws_keys& keys) {
  auto request = post_to(endpoint);
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
  if (!keys.session_token.empty()) request.headers.add("X-Amz-Security-Token", keys.session_token);
  request.body = "{}";
  request.signature = aws_signature{region, "ecr", keys.access_key, keys.secret_key};
  return request;
}

result<ecr_password> parse_authorization_token(const http_response& response) {
  if (response.status != 200) return aws_failure(response);
  auto body = parse(response.body);
  const auto* list = member(&body, "authorizationData");
  if (!list || !list->is_array() || list->empty()) return corrupt("its answer holds no authorization token");
  const auto* data = &list->front();
  auto pair = base64_decode(text_of(member(data, "authorizationToken")));
  auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0 || colon + 1 == pair->size())
    return corrupt("its authorization token is not base64 of user and password");
  return ecr_password{pair->substr(0, colon), pair->substr(colon + 1), time_of(member(data, "expiresAt"))};
}

http_request web_identity_request(const std::string& endpoint, const web_identity& identity) {
  auto request = post_to(endpoint);
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.headers.add("Accept", "application/json"); // XML otherwise
  request.body =
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + percent_encode(identity.role) +
      "&RoleSessionName=" + percent_encode(identity.session_name) +
      "&WebIdentityToken=" + percent_encode(identity.token);
  return request;
}

result<aws_keys> parse_web_identity(const http_response& response) {
  if (response.status != 200) return aws_failure(response);
  auto body = parse(response.body);
  const auto* answer = member(&body, "AssumeRoleWithWebIdentityResponse");
  const auto* credentials = member(member(answer, "AssumeRoleWithWebIdentityResult"), "Credentials");
  aws_keys keys{text_of(member(credentials, "AccessKeyId")), text_of(member(credentials, "SecretAccessKey")),
                text_of(member(credentials, "SessionToken"))};
  if (keys.access_key.empty() || keys.secret_key.empty() || keys.session_token.empty())
    return corrupt("its answer holds no keys");
  return keys;
}

error aws_failure(const http_response& response) {
  auto type = failure_type(response);
  auto what = type.empty() ? std::string("answered") : "answered " + type;
  return {code_of(response.status, type), what + " with status " + std::to_string(response.status)};
}

} // namespace ib::io
