#pragma once

#include "actors/io/aws_messages.hpp"
#include "actors/io/ecr_host.hpp"
#include "actors/io/http_client.hpp"
#include "actors/io/task.hpp"

#include <map>
#include <string>

namespace ib::io {

/// Environment variables by name.
using environment_map = std::map<std::string, std::string>;

/// The service's own keys at Amazon: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN),
/// else those that AssumeRoleWithWebIdentity gives for AWS_ROLE_ARN and the token in
/// AWS_WEB_IDENTITY_TOKEN_FILE (AWS_ROLE_SESSION_NAME; AWS_ENDPOINT_URL_STS instead of the region's own
/// endpoint). failed_precondition where the environment has neither. `http` must outlive the task.
task<result<aws_keys>> find_aws_keys(http_client& http, environment_map environment, ecr_host host);

/// The endpoint that the environment names for a service ("ECR", "STS"), by AWS_ENDPOINT_URL_<SERVICE> or
/// AWS_ENDPOINT_URL, else the usual one. failed_precondition for a URL that is not HTTPS, except on loopback.
result<std::string> aws_endpoint(const environment_map& environment, const std::string& service,
                                 const std::string& usual);

} // namespace ib::io
