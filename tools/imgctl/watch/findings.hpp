#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ib::imgctl {

enum class verdict {
  fine,
  warning, ///< works, but somebody should know
  failed,
  skipped, ///< needs what failed before, or was not asked for
};

/// What one check of the doctor found; the same as image-builder doctor says.
struct finding {
  std::string about; ///< "service 127.0.0.1:8080"
  std::string check; ///< "connection"
  verdict result = verdict::fine;
  std::string detail; ///< what was seen
  std::string advice; ///< what to do about it; empty where there is nothing to do
};

/// What all checks found, in their order. Whoever made it hears of each as it comes.
class findings {
public:
  explicit findings(std::function<void(const finding&)> told = {}) : told_(std::move(told)) {}

  /// False where the check failed.
  bool add(finding found);
  const std::vector<finding>& all() const { return all_; }
  size_t count(verdict result) const;

private:
  std::function<void(const finding&)> told_;
  std::vector<finding> all_;
};

/// A finding for people, with its advice on a line of its own.
std::string in_text(const finding& found, bool color);
/// "12 checks: 1 failed, 2 with a warning".
std::string summary(const findings& of);
/// {"healthy": …, "checks": [{"about", "check", "result", "detail", "advice"}, …]}
std::string to_json(const findings& of);

} // namespace ib::imgctl
