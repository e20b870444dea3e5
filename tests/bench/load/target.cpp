#include "tests/bench/load/target.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ib::bench {

target::target(const std::string& text, size_t connections) {
  const auto equals = text.find('=');
  const auto at = text.rfind('@');
  if (equals == std::string::npos || at == std::string::npos || at < equals)
    throw std::invalid_argument("a target is written NAME=HOST:PORT@PID, not " + text);
  name_ = text.substr(0, equals);
  pid_ = std::stoi(text.substr(at + 1));
  const auto address = text.substr(equals + 1, at - equals - 1);
  for (size_t i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    // Else all of them would share one connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    connections_.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
}

double target::processor_seconds() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0)
    throw std::runtime_error("the server " + name_ + " is gone");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

grpc::ByteBuffer read_request(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in) throw std::runtime_error("cannot read " + file);
  grpc::Slice slice(bytes);
  return {&slice, 1};
}

} // namespace ib::bench
