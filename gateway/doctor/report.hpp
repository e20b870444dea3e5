#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ib::doctor {

enum class outcome : uint8_t {
  fine,
  warning, ///< works, but somebody should know
  failed,
  skipped, ///< needs what failed before
};

const char* to_string(outcome o);

/// What one check found.
struct finding {
  std::string about; ///< "registry registry.example.com"
  std::string check; ///< "push"
  outcome result = outcome::fine;
  std::string detail; ///< what was seen
  std::string advice; ///< what to do about it; empty where there is nothing to do
};

/// What all checks found, in their order.
class report {
public:
  /// `told` hears of each finding as it comes.
  explicit report(std::function<void(const finding&)> told = {}) : told_(std::move(told)) {}

  void add(finding found);
  const std::vector<finding>& findings() const { return findings_; }
  /// True where nothing failed.
  bool healthy() const;
  size_t count(outcome o) const;

  /// {"healthy": …, "checks": [{"about", "check", "result", "detail", "advice"}, …]}
  std::string to_json() const;

private:
  std::function<void(const finding&)> told_;
  std::vector<finding> findings_;
};

/// A finding for people, with its advice on a line of its own; `colour` for terminals.
std::string in_text(const finding& found, bool colour);

/// Adds findings about one thing.
class subject {
public:
  subject(report& to, std::string about) : to_(to), about_(std::move(about)) {}

  bool fine(std::string check, std::string detail) {
    to_.add({about_, std::move(check), outcome::fine, std::move(detail), ""});
    return true;
  }
  bool warn(std::string check, std::string detail, std::string advice) {
    to_.add({about_, std::move(check), outcome::warning, std::move(detail), std::move(advice)});
    return true;
  }
  bool fail(std::string check, std::string detail, std::string advice) {
    to_.add({about_, std::move(check), outcome::failed, std::move(detail), std::move(advice)});
    return false;
  }
  void skip(std::string check, std::string why) {
    to_.add({about_, std::move(check), outcome::skipped, std::move(why), ""});
  }

private:
  report& to_;
  std::string about_;
};

} // namespace ib::doctor
