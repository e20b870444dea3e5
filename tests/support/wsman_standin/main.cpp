#include "tests/support/wsman_standin/control.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

// A ws-manager with the supervisors of its workspaces, for tests and benchmarks:
//
//     ws-manager-standin [CA.pem CERTIFICATE.pem KEY.pem]
//
// Prints {"grpc": ADDRESS, "http": ADDRESS}, then answers each line of standard input (see control.cpp) with
// one line, and ends with standard input.

namespace {

std::string text_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

int main(int argc, char** argv) {
  using namespace ib::standin;
  std::optional<tls_texts> tls;
  if (argc == 4) tls = tls_texts{text_of(argv[1]), text_of(argv[2]), text_of(argv[3])};
  book what;
  http_side http(what);
  what.set_url_base("http://" + http.address());
  grpc_side grpc(what, tls);
  std::cout << nlohmann::json{{"grpc", grpc.address()}, {"http", http.address()}}.dump() << std::endl;
  whole all{what, grpc, http};
  for (std::string line; std::getline(std::cin, line);)
    std::cout << carry_out(all, line) << std::endl;
  return 0;
}
