#include "actors/engine/dockerfile_images.hpp"

#include "actors/domain/dockerfile.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace ib {

namespace {

/// Whoever writes a Dockerfile has no means to make us ask the whole world.
constexpr size_t most_registries = 16;
/// Arguments may be made of others, and so double from line to line.
constexpr size_t longest_value = 4'096;

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words(1);
  for (char c : line) {
    if (c != ' ' && c != '\t')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class reader {
public:
  void read(const std::string& instruction) {
    auto words = words_of(instruction);
    if (words.empty()) return;
    const auto verb = lower(words.front());
    words.erase(words.begin());
    if (verb == "arg")
      read_arguments(words);
    else if (verb == "from")
      read_stage(words);
    else if (verb == "copy" || verb == "run")
      read_sources(words);
  }

  std::vector<reference> images() && { return std::move(images_); }

private:
  using place = std::string_view::iterator;

  /// Arguments of the whole file stand before its first stage; only they may name a stage's image.
  void read_arguments(const std::vector<std::string>& words) {
    if (!stages_.empty()) return;
    for (const auto& word : words) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) continue;
      auto value = word.substr(equals + 1);
      if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
          value.front() == value.back())
        value = value.substr(1, value.size() - 2);
      if (auto whole = filled_in(value)) arguments_[word.substr(0, equals)] = *whole;
    }
  }

  void read_stage(std::vector<std::string> words) {
    std::erase_if(words, [](const std::string& word) { return word.starts_with("--"); });
    if (words.empty()) return;
    add(words.front());
    stages_.insert(words.size() == 3 && lower(words[1]) == "as" ? lower(words[2]) : "");
  }

  /// `--from=IMAGE` of COPY and `--mount=type=…,from=IMAGE` of RUN.
  void read_sources(const std::vector<std::string>& words) {
    for (const auto& word : words) {
      if (!word.starts_with("--")) return;
      const auto from = word.starts_with("--from=") ? size_t{1} : word.find(",from=");
      if (from == std::string::npos || (from > 1 && !word.starts_with("--mount="))) continue;
      const auto begin = word.find('=', from) + 1;
      add(word.substr(begin, word.find(',', begin) - begin));
    }
  }

  void add(const std::string& name) {
    if (images_.size() >= most_registries || stages_.contains(lower(name)) || name == "scratch") return;
    if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) return;
    const auto whole = filled_in(name);
    if (!whole) return;
    const auto image = parse_reference(*whole);
    const auto same = [&](const reference& known) { return known.domain == image->domain; };
    if (image && std::none_of(images_.begin(), images_.end(), same)) images_.push_back(*image);
  }

  /// The text with its variables ($NAME, ${NAME}, ${NAME:-else}) filled in; nothing where one is not known.
  std::optional<std::string> filled_in(std::string_view text) const {
    std::string whole;
    while (!text.empty()) {
      const auto dollar = text.find('$');
      whole += text.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      text.remove_prefix(dollar + 1);
      const auto value = text.starts_with('{') ? take_braced(text) : take_plain(text);
      if (!value || whole.size() + value->size() > longest_value) return std::nullopt;
      whole += *value;
    }
    return whole;
  }

  std::optional<std::string> value_of(std::string_view name) const {
    const auto known = arguments_.find(std::string(name));
    return known == arguments_.end() ? std::nullopt : std::optional(known->second);
  }

  std::optional<std::string> take_plain(std::string_view& text) const {
    const auto end = std::find_if_not(text.begin(), text.end(), is_name_char) - text.begin();
    const auto name = text.substr(0, static_cast<size_t>(end));
    text.remove_prefix(name.size());
    return value_of(name);
  }

  std::optional<std::string> take_braced(std::string_view& text) const {
    const auto end = text.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    const auto inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    const auto colon = inside.find(":-");
    auto value = value_of(inside.substr(0, colon));
    if (colon == std::string_view::npos || (value && !value->empty())) return value;
    return std::string(inside.substr(colon + 2));
  }

  std::map<std::string, std::string> arguments_;
  std::set<std::string> stages_; ///< lower case; empty for one without a name
  std::vector<reference> images_;
};

} // namespace

std::vector<reference> dockerfile_images(std::string_view dockerfile) {
  reader all;
  for (const auto& instruction : dockerfile_instructions(dockerfile))
    all.read(instruction.text);
  return std::move(all).images();
}

} // namespace ib
