#include "actors/engine/build_step.hpp"

#include "actors/domain/dockerfile.hpp"
#include "actors/engine/build_failure.hpp"

#include <charconv>

namespace ib {

namespace {

constexpr size_t longest_command = 2000;

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& text, int& number) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number < 1) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take_fraction(std::string_view& text, int& number, int& total) {
  return take_number(text, number) && take(text, "/") && take_number(text, total) && number <= total;
}

/// A text of this length may have been cut off by the tail that kept its line: what precedes it is shorter
/// than the difference.
constexpr size_t maybe_cut = output_tail::kept_line_bytes - 60;

bool is_same(const std::string& instruction, const build_step& step) {
  auto wanted = with_single_blanks(step.text);
  auto here = with_single_blanks(instruction);
  return step.text.size() >= maybe_cut ? here.starts_with(wanted) : here == wanted;
}

/// Without a half character at its end.
std::string shortened(std::string text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80)
    --limit;
  return text.substr(0, limit) + "…";
}

failure_place place_of(int line, const std::string& command) {
  return {line, shortened(with_single_blanks(command), longest_command), {}};
}

/// The only instruction with the step's text: the numbers did not lead to it.
const dockerfile_instruction* find_by_text(const std::vector<dockerfile_stage>& stages,
                                           const build_step& step) {
  const dockerfile_instruction* found = nullptr;
  for (const auto& stage : stages)
    for (const auto& instruction : stage) {
      if (!is_same(instruction.text, step)) continue;
      if (found != nullptr) return nullptr;
      found = &instruction;
    }
  return found;
}

} // namespace

std::optional<build_step> parse_build_step(std::string_view line) {
  build_step step;
  if (take(line, "[") && !(take_fraction(line, step.stage, step.stages) && take(line, "] ")))
    return std::nullopt;
  if (!take(line, "STEP ") || !take_fraction(line, step.number, step.total) || !take(line, ": "))
    return std::nullopt;
  step.text = line;
  return step;
}

bool can_follow(const std::optional<build_step>& earlier, const build_step& next) {
  if (!earlier) return true;
  if (next.stages != earlier->stages) return false;
  if (next.stage != earlier->stage) return next.number == 1;
  return next.number == earlier->number + 1 && (next.total == earlier->total || next.number == 2);
}

failure_place locate_step(std::string_view dockerfile, const build_step& step) {
  auto stages = dockerfile_stages(dockerfile);
  if (stages.size() == static_cast<size_t>(step.stages)) {
    const auto& stage = stages[static_cast<size_t>(step.stage) - 1];
    auto own = static_cast<int>(stage.size());
    // Of FROM buildah tells the image, not always in the words of the Dockerfile.
    if (step.number == 1) return place_of(stage.front().line, stage.front().text);
    auto triggers = step.total - own;
    if (triggers > 0 && step.number <= 1 + triggers) return place_of(stage.front().line, step.text);
    auto index = step.number - 1 - triggers;
    if (triggers >= 0 && is_same(stage[static_cast<size_t>(index)].text, step))
      return place_of(stage[static_cast<size_t>(index)].line, stage[static_cast<size_t>(index)].text);
  }
  if (auto* found = find_by_text(stages, step)) return place_of(found->line, found->text);
  return place_of(0, step.text);
}

} // namespace ib
