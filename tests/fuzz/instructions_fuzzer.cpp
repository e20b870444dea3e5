#include "actors/domain/dockerfile.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  int last = 0;
  for (const auto& stage : ib::dockerfile_stages(text)) {
    must(!stage.empty(), "a stage has an instruction");
    for (const auto& instruction : stage) {
      must(instruction.line > last && instruction.line <= lines, "instructions follow each other on lines");
      must(instruction.text.find('\n') == std::string::npos, "an instruction is one line");
      last = instruction.line;
      const auto single = ib::with_single_blanks(instruction.text);
      must(ib::with_single_blanks(single) == single, "single blanks are their own normal form");
    }
  }
  return 0;
}
