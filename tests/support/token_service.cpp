#include "tests/support/token_service.hpp"

#include "actors/domain/base64.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/http_calls.hpp"

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace ib::test {

namespace {

const char* const server_program = IB_SOURCE_DIR "/tests/support/token_server.py";

} // namespace

token_service::token_service(const std::string& delay_s) {
  make_certificate("DNS:token.test", folder_ / "key.pem", folder_ / "certificate.pem");
  process_ = std::make_unique<child_process>(std::vector<std::string>{
      "/usr/bin/python3", server_program, folder_.path().string(), "--user", "alice:right-password",
      "--identity", "identity-of-alice:alice", "--delay", delay_s});
  domain_ = listening_domain(*process_);
}

std::string token_service::registry_config() const {
  return "auth: {token: {realm: '" + realm() +
         "', service: 'the tests', issuer: tests, rootcertbundle: " + (folder_ / "certificate.pem").string() +
         "}}\n";
}

std::vector<std::string> token_service::requests() const {
  io::http_client client;
  io::http_request request;
  request.url = "http://" + domain_ + "/requests";
  auto response = send_and_wait(client, request);
  if (!response) throw std::runtime_error(response.error().message);
  std::vector<std::string> lines;
  std::istringstream text(response->body);
  for (std::string line; std::getline(text, line);)
    lines.push_back(line);
  return lines;
}

std::string token_service::authorization_for(const std::string& scope) const {
  io::http_client client;
  io::http_request request;
  request.url = realm() + "?service=the%20tests&scope=" + io::percent_encode(scope);
  request.headers.set("Authorization", "Basic " + base64_encode("alice:right-password"));
  auto response = send_and_wait(client, request);
  if (!response) throw std::runtime_error(response.error().message);
  return "Bearer " + nlohmann::json::parse(response->body).at("token").get<std::string>();
}

} // namespace ib::test
