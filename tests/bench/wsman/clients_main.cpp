#include "tests/bench/wsman/clients.hpp"

#include <grpcpp/client_context.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>

// The clients of tests/bench/wsman_scale: does what each line of standard input says and answers with a line
// of JSON that has the seconds it took.
//
//     bench_wsman_clients ADDRESS COUNT CONNECTIONS PREFIX

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

/// ListBuilds again and again: milliseconds until the answer is there and parsed.
nlohmann::json list(const std::string& address, int times) {
  auto stub = builder::ImageBuilder::NewStub(ib::bench::connection_to(address));
  std::vector<double> ms;
  builder::ListBuildsResponse response;
  for (int i = 0; i < times; ++i) {
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

nlohmann::json carry_out(ib::bench::clients& all, const std::string& address, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  if (verb == "begin") all.begin();
  if (verb == "hear") all.wait_until_heard();
  if (verb == "bytes") return {{"bytes", all.log_bytes()}};
  if (verb == "end") return {{"succeeded", all.wait_until_ended()}};
  if (verb == "list") {
    int times = 0;
    words >> times;
    return list(address, times);
  }
  if (verb == "told") {
    size_t many = 0;
    words >> many >> std::ws;
    std::string message;
    std::getline(words, message);
    all.wait_until_told(message, many);
  }
  return nlohmann::json::object();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: bench_wsman_clients ADDRESS COUNT CONNECTIONS PREFIX\n";
    return 2;
  }
  const std::string address = argv[1];
  ib::bench::clients all(address, std::stoul(argv[2]), std::stoul(argv[3]), argv[4]);
  for (std::string line; std::getline(std::cin, line);) {
    auto begin = clock_type::now();
    auto answer = carry_out(all, address, line);
    answer["seconds"] = seconds_since(begin);
    std::cout << answer.dump() << std::endl;
  }
  // The streams that are left end with the process.
  std::quick_exit(0);
}
