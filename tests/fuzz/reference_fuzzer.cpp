#include "actors/domain/reference.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  auto parsed = ib::parse_reference(text);
  if (!parsed) {
    must(!parsed.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  must(!parsed->domain.empty() && !parsed->path.empty(), "a reference has a domain and a path");
  must(!parsed->tag.empty() || !parsed->digest.empty(), "a reference has a tag or a digest");
  const auto full = parsed->to_string();
  auto again = ib::parse_reference(full);
  must(again && again->to_string() == full, "a normalised reference is its own normal form");
  must(ib::parse_repository(parsed->repository()).has_value(), "a reference's repository is one");
  return 0;
}
