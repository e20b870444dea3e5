#include "actors/engine/dockerfile_images.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::set<std::string> registries;
  for (const auto& image : ib::dockerfile_images(text_of(data, size))) {
    must(registries.insert(image.domain).second, "one image stands for each registry");
    auto again = ib::parse_reference(image.to_string());
    must(again && again->to_string() == image.to_string(), "an image is a whole reference");
  }
  must(registries.size() <= 16, "a Dockerfile makes us ask a few registries only");
  return 0;
}
