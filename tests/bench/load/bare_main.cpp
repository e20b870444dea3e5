// The server that the service is compared with: the same answers, and nothing else. Prints its port and
// serves until its standard input ends.

#include "tests/bench/load/bare_service.hpp"

#include <CLI/CLI.hpp>
#include <absl/synchronization/mutex.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace {

/// METHOD=VALUE.
std::pair<std::string, std::string> split(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) throw std::invalid_argument("METHOD=VALUE is expected, not " + text);
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string content(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in) throw std::runtime_error("cannot read " + file);
  return bytes;
}

int serve(ib::bench::bare_service& service) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) throw std::runtime_error("cannot listen");
  std::printf("%d\n", port);
  std::fflush(stdout);
  for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Serves fixed answers over gRPC, as fast as the library allows.");
  std::vector<std::string> answers;
  std::vector<std::string> greetings;
  std::vector<std::string> pours;
  app.add_option("--answer", answers, "METHOD=FILE: a unary method and its answer");
  app.add_option("--greet", greetings, "METHOD=FILE: a stream, its one message, then silence");
  app.add_option("--pour", pours, "METHOD=BYTES: a stream of so many bytes in messages of 64 KiB");
  // As the service does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI11_PARSE(app, argc, argv);
  try {
    ib::bench::bare_service service;
    for (const auto& text : answers) {
      const auto [method, file] = split(text);
      service.add_answer(method, content(file));
    }
    for (const auto& text : greetings) {
      const auto [method, file] = split(text);
      service.add_greeting(method, content(file));
    }
    for (const auto& text : pours) {
      const auto [method, bytes] = split(text);
      service.add_pour(method, std::stoull(bytes));
    }
    return serve(service);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_bare: %s\n", e.what());
    return 1;
  }
}
