#include "tests/bench/wsman/clients.hpp"

#include <imagebuilder/v1/builds.grpc.pb.h>

#include <grpcpp/client_context.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

// The clients of tests/bench/crowd.py: does what each line of standard input says and answers with a line
// of JSON that has the seconds it took.
//
//     bench_wsman_clients ADDRESS COUNT CONNECTIONS PREFIX stay|leave

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

/// ListBuilds again and again: milliseconds until the answer is there and parsed.
nlohmann::json list(const std::string& address, size_t times) {
  auto stub = builder::ImageBuilder::NewStub(ib::bench::connection_to(address));
  std::vector<double> ms;
  builder::ListBuildsResponse response;
  for (size_t i = 0; i < times; ++i) {
    grpc::ClientContext context;
    auto begin = clock_type::now();
    auto status = stub->ListBuilds(&context, {}, &response);
    if (!status.ok()) return {{"error", status.error_message()}};
    // The first call makes the connection.
    if (i > 0) ms.push_back(seconds_since(begin) * 1000);
  }
  std::sort(ms.begin(), ms.end());
  return {{"builds", response.builds_size()},
          {"bytes", response.ByteSizeLong()},
          {"p50_ms", ms[ms.size() / 2]},
          {"p99_ms", ms[ms.size() * 99 / 100]},
          {"max_ms", ms.back()}};
}

/// Asks for all builds, page by page and again and again, until each of them stands so.
nlohmann::json wait_until_listed(const std::string& address, size_t many, const std::string& message) {
  namespace v1 = imagebuilder::v1;
  auto stub = v1::Builds::NewStub(ib::bench::connection_to(address));
  for (size_t there = 0; there < many;) {
    there = 0;
    v1::ListBuildsRequest request;
    request.set_page_size(1000);
    do {
      grpc::ClientContext context;
      v1::ListBuildsResponse page;
      if (auto status = stub->ListBuilds(&context, request, &page); !status.ok())
        throw std::runtime_error(status.error_message());
      for (const auto& build : page.builds())
        if (build.message().find(message) != std::string::npos) ++there;
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }
  return nlohmann::json::object();
}

nlohmann::json carry_out(ib::bench::clients& all, const std::string& address, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  size_t many = 0;
  words >> verb;
  if (verb == "begin") all.begin();
  if (verb == "run") all.wait_until_running();
  if (verb == "hear") all.wait_until_heard();
  if (verb == "list") {
    words >> many;
    return list(address, many);
  }
  if (verb == "listed") words >> many;
  std::string message;
  std::getline(words >> std::ws, message);
  if (verb == "listed") return wait_until_listed(address, many, message);
  if (verb == "told") all.wait_until_told(message);
  return nlohmann::json::object();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: bench_wsman_clients ADDRESS COUNT CONNECTIONS PREFIX stay|leave\n";
    return 2;
  }
  const std::string address = argv[1];
  const auto kept = argv[5] == std::string_view("stay") ? ib::bench::build_streams::until_the_end
                                                        : ib::bench::build_streams::until_running;
  ib::bench::clients all(address, std::stoul(argv[2]), std::stoul(argv[3]), argv[4], kept);
  for (std::string line; std::getline(std::cin, line);) {
    auto begin = clock_type::now();
    auto answer = carry_out(all, address, line);
    answer["seconds"] = seconds_since(begin);
    std::cout << answer.dump() << std::endl;
  }
  // The streams that are left end with the process.
  std::quick_exit(0);
}
