#include "config/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace ib::config {
namespace {

using nlohmann::json;

bool is_word(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  });
}

/// "line 3, column 7" of the byte before `position`.
std::string place_in(const std::string& text, size_t position) {
  auto end = std::min(text.size(), position);
  size_t line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i + 1 < end; ++i) {
    if (text[i] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  return "line " + std::to_string(line) + ", column " +
         std::to_string(std::max<size_t>(end, line_start + 1) - line_start);
}

/// The library's explanation without its own numbering and position.
std::string explanation(std::string what) {
  if (auto at = what.find(": "); at != std::string::npos) what.erase(0, at + 2);
  constexpr size_t longest = 160;
  if (what.size() > longest) what = what.substr(0, longest) + "...";
  return what;
}

/// Listens to the parser and finds what it would let pass: keys that come twice, and bottomless nesting.
class strict_listener : public nlohmann::json_sax<json> {
public:
  strict_listener(const std::string& text, std::vector<fault>& faults) : text_(text), faults_(faults) {}

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_unsigned(number_unsigned_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool string(string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& object = levels_.back();
    object.name = name;
    if (!object.names.insert(name).second) faults_.push_back({path(), "this key is there twice"});
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) override {
    faults_.push_back({"", "not valid JSON at " + place_in(text_, position) + ": " + explanation(e.what())});
    return false;
  }

private:
  struct level {
    bool is_array;
    size_t index = 0;
    std::string name;
    std::set<std::string> names;
  };

  bool scalar() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }

  bool open(bool is_array) {
    if (levels_.size() == max_json_depth) {
      faults_.push_back({"", "nested deeper than " + std::to_string(max_json_depth) + " levels"});
      return false;
    }
    levels_.push_back({is_array, 0, {}, {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return scalar();
  }

  std::string path() const {
    std::string out;
    for (const auto& l : levels_)
      out = l.is_array ? element_path(out, l.index) : member_path(out, l.name);
    return out;
  }

  const std::string& text_;
  std::vector<fault>& faults_;
  std::vector<level> levels_;
};

} // namespace

std::string member_path(const std::string& path, std::string_view name) {
  constexpr size_t longest = 80;
  if (is_word(name) && name.size() <= longest)
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  auto shown = name.size() > longest ? std::string(name.substr(0, longest)) + "..." : std::string(name);
  return path + "[" + json(shown).dump(-1, ' ', true, json::error_handler_t::replace) + "]";
}

std::string element_path(const std::string& path, size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

bool parse_json(const std::string& text, json& out, std::vector<fault>& faults) {
  if (text.size() > max_json_bytes) {
    faults.push_back({"", "larger than 1 MiB; a configuration is not"});
    return false;
  }
  // The library takes a zero byte for the end of the text and would not look at what follows.
  if (auto zero = text.find('\0'); zero != std::string::npos) {
    faults.push_back({"", "not valid JSON at " + place_in(text, zero + 1) + ": a zero byte"});
    return false;
  }
  strict_listener listener(text, faults);
  if (!json::sax_parse(text, &listener)) return false;
  out = json::parse(text, nullptr, false);
  return !out.is_discarded();
}

} // namespace ib::config
