#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/output.hpp"
#include "tools/imgctl/text.hpp"

namespace ib::imgctl {
namespace {

/// A failed build's words; standard error may be a terminal even where standard output is not.
std::string error_lines(const std::string& message) {
  std::string out;
  for (const auto& line : safe_lines(message))
    out += (out.empty() ? "error: " : "  ") + line + "\n";
  return out.empty() ? "error: the build failed\n" : out;
}

class plain_output final : public build_output {
public:
  explicit plain_output(sink& to) : to_(to) {}

  void running(const builder::BuildResponse& response, time_point) override {
    if (response.message().empty() || response.message() == last_) return;
    last_ = response.message();
    to_.err("==> " + one_line(last_) + "\n");
  }
  void log(std::string_view bytes, time_point) override { to_.out(bytes); }
  void finished(const builder::BuildResponse& response, time_point) override {
    if (response.status() == builder::done_success)
      to_.err("base " + one_line(response.base_ref()) + "\nworkspace " + one_line(response.ref()) + "\n");
    else
      to_.err(error_lines(response.message()));
  }
  void left(const std::string& words, time_point) override { to_.err(words + "\n"); }
  void started(const std::string& build_id) override { to_.out(one_line(build_id) + "\n"); }
  void notice(const std::string& words, time_point) override { to_.err(words + "\n"); }

private:
  sink& to_;
  std::string last_;
};

class quiet_output final : public build_output {
public:
  explicit quiet_output(sink& to) : to_(to) {}

  void running(const builder::BuildResponse&, time_point) override {}
  void log(std::string_view, time_point) override {}
  void finished(const builder::BuildResponse& response, time_point) override {
    if (response.status() == builder::done_success)
      to_.out(response.ref() + "\n");
    else
      to_.err(error_lines(response.message()));
  }
  void left(const std::string& words, time_point) override { to_.err(words + "\n"); }
  void notice(const std::string&, time_point) override {}
  bool wants_log() const override { return false; }

private:
  sink& to_;
};

class json_output final : public build_output {
public:
  explicit json_output(sink& to) : to_(to) {}

  void running(const builder::BuildResponse& response, time_point) override {
    to_.out(to_json_line(response));
  }
  void log(std::string_view bytes, time_point) override { to_.out(log_.feed(bytes)); }
  void finished(const builder::BuildResponse& response, time_point) override {
    to_.out(log_.take_rest() + to_json_line(response));
  }
  void left(const std::string& words, time_point) override {
    to_.out(log_.take_rest());
    to_.err(words + "\n");
  }
  void notice(const std::string& words, time_point) override { to_.err(words + "\n"); }

private:
  sink& to_;
  json_log log_;
};

} // namespace

std::unique_ptr<build_output> make_plain_output(sink& to) { return std::make_unique<plain_output>(to); }

std::unique_ptr<build_output> make_quiet_output(sink& to) { return std::make_unique<quiet_output>(to); }

std::unique_ptr<build_output> make_json_output(sink& to) { return std::make_unique<json_output>(to); }

} // namespace ib::imgctl
