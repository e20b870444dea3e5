#include "tests/support/ecr_server.hpp"

#include "tests/support/http_calls.hpp"

#include <stdexcept>

namespace ib::test {

ecr_server::ecr_server() {
  process_ = std::make_unique<child_process>(
      std::vector<std::string>{"/usr/bin/python3", IB_SOURCE_DIR "/tests/support/ecr_server.py", "--secret",
                               secret_key, "--session", session_token, "--identity", identity_token});
  const std::string announcement = "listening on ";
  auto text = process_->wait_for_output(";");
  auto at = text.find(announcement);
  auto end = text.find(';');
  if (at == std::string::npos || end == std::string::npos)
    throw std::runtime_error("the ECR server did not start: " + text);
  at += announcement.size();
  domain_ = text.substr(at, end - at);
}

std::string ecr_server::url(const std::string& mode) const { return "http://" + domain_ + "/" + mode; }

std::map<std::string, std::string> ecr_server::environment(const std::string& mode) const {
  return {{"AWS_ACCESS_KEY_ID", access_key},
          {"AWS_SECRET_ACCESS_KEY", secret_key},
          {"AWS_ENDPOINT_URL_ECR", url(mode)}};
}

std::string ecr_server::get(const std::string& path) const {
  io::http_client client;
  io::http_request request;
  request.url = "http://" + domain_ + path;
  auto response = send_and_wait(client, std::move(request));
  if (!response) throw std::runtime_error("no answer from the ECR server: " + response.error().message);
  return response->body;
}

} // namespace ib::test
