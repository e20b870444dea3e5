#include "actors/io/docker_config.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parsed = ib::io::parse_docker_config(text_of(data, size));
  if (!parsed) must(!parsed.error().message.empty(), "an error says what is wrong");
  return 0;
}
