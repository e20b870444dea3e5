#include "actors/io/auth_challenge.hpp"

#include <optional>

namespace ib::io {

namespace {

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string copy(text);
  for (auto& c : copy)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return copy;
}

/// Reads a field value from front to back.
class challenge_reader {
public:
  explicit challenge_reader(std::string_view text) : rest_(text) {}

  std::vector<auth_challenge> read_all() {
    std::vector<auth_challenge> challenges;
    skip_separators();
    for (auto word = token(); !word.empty(); word = token()) {
      auth_challenge challenge;
      challenge.scheme = lower(word);
      bool understood = read_parameters(challenge);
      challenges.push_back(std::move(challenge));
      if (!understood) break;
    }
    return challenges;
  }

private:
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

  void skip_space() {
    while (at(' ') || at('\t'))
      rest_.remove_prefix(1);
  }

  void skip_separators() {
    while (at(' ') || at('\t') || at(','))
      rest_.remove_prefix(1);
  }

  std::string_view token() {
    size_t length = 0;
    while (length < rest_.size() && is_token_char(rest_[length]))
      ++length;
    auto word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

  /// False where the text makes no sense any more. Stops before the scheme of the next challenge.
  bool read_parameters(auth_challenge& challenge) {
    skip_separators();
    while (!rest_.empty()) {
      auto before = rest_;
      auto name = token();
      skip_space();
      if (name.empty()) return false;
      if (!at('=')) {
        rest_ = before;
        return true;
      }
      rest_.remove_prefix(1);
      skip_space();
      auto value = read_value();
      if (!value) return false;
      challenge.parameters.emplace(lower(name), std::move(*value));
      skip_separators();
    }
    return true;
  }

  std::optional<std::string> read_value() {
    if (!at('"')) return std::string(token());
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && !at('"')) {
      if (at('\\')) rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
};

} // namespace

std::string auth_challenge::parameter(const std::string& name) const {
  auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<auth_challenge> parse_challenges(std::string_view value) {
  return challenge_reader(value).read_all();
}

} // namespace ib::io
