#include "actors/engine/wsman_frames.hpp"

#include "actors/domain/base64.hpp"

#include <nlohmann/json.hpp>

namespace ib {

namespace {

using nlohmann::json;

/// The member of an object, or nothing where there is none or `from` is no object.
const json* member(const json& from, const char* name) {
  if (!from.is_object()) return nullptr;
  auto found = from.find(name);
  return found == from.end() ? nullptr : &*found;
}

std::string text_of(const json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

error stream_error(const json& words) {
  auto text = text_of(member(words, "message"));
  return {error_code::unavailable, text.empty() ? "the terminal's stream failed" : text, "", {}};
}

} // namespace

result<void> object_splitter::feed(std::string_view bytes,
                                   const std::function<void(const std::string&)>& take) {
  for (char c : bytes) {
    if (depth_ == 0 && c != '{') continue;
    if (object_.size() >= max_object_bytes)
      return error{error_code::data_corrupt, "an object of the stream is too large", "", {}};
    object_ += c;
    if (in_text_) {
      if (!escaped_ && c == '"') in_text_ = false;
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    if (c == '"') in_text_ = true;
    if (c == '{') ++depth_;
    if (c != '}' || --depth_ > 0) continue;
    auto whole = std::exchange(object_, {});
    take(whole);
  }
  return {};
}

terminal_frame parse_terminal_frame(const std::string& object) {
  terminal_frame frame;
  auto parsed = json::parse(object, nullptr, false);
  if (auto* words = member(parsed, "error")) {
    frame.failure = stream_error(*words);
    return frame;
  }
  const auto* content = member(parsed, "result");
  if (content == nullptr) return frame;
  if (auto data = base64_decode(text_of(member(*content, "data")))) frame.data = std::move(*data);
  if (auto* code = member(*content, "exitCode"); code != nullptr && code->is_number_integer())
    frame.exit = code->get<int>();
  return frame;
}

std::optional<std::string> terminal_of_tasks(const std::string& object) {
  auto parsed = json::parse(object, nullptr, false);
  const auto* content = member(parsed, "result");
  const auto* tasks = member(content == nullptr ? parsed : *content, "tasks");
  if (tasks == nullptr || !tasks->is_array()) return std::nullopt;
  for (const auto& task : *tasks)
    if (auto terminal = text_of(member(task, "terminal")); !terminal.empty()) return terminal;
  return std::nullopt;
}

} // namespace ib
