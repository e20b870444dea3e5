#include "tools/imgctl/output.hpp"
#include "tools/imgctl/text.hpp"

#include <algorithm>

namespace ib::imgctl {
namespace {

struct marks {
  const char* done;
  const char* failed;
  const char* margin; ///< before each line of the log
  std::vector<const char*> spinner;
};

const marks unicode_marks{"✓", "✗", "│ ", {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}};
const marks ascii_marks{"+", "x", "| ", {"|", "/", "-", "\\"}};

constexpr const char* green = "\x1b[32m";
constexpr const char* red = "\x1b[31m";
constexpr const char* cyan = "\x1b[36m";
constexpr const char* dim = "\x1b[2m";
constexpr const char* reset = "\x1b[0m";

constexpr std::chrono::milliseconds spinner_step{100};

class live_output final : public build_output {
public:
  live_output(sink& to, terminal screen, time_point start)
      : to_(to),
        screen_(std::move(screen)),
        marks_(screen_.unicode ? unicode_marks : ascii_marks),
        clock_(start) {}

  void running(const builder::BuildResponse& response, time_point now) override {
    std::string lines;
    if (const auto over = clock_.enter(one_line(response.message()), now)) lines = phase_line(*over, true);
    draw(lines, now);
  }

  void log(std::string_view bytes, time_point now) override {
    std::string lines;
    for (const auto& line : splitter_.feed(bytes))
      lines += log_line(line);
    draw(lines, now);
  }

  void tick(time_point now) override { draw("", now); }

  void finished(const builder::BuildResponse& response, time_point now) override {
    const bool built = response.status() == builder::done_success;
    const bool was_running = !clock_.message().empty() || seen_phase_;
    std::string lines = rest_of_log();
    if (const auto over = clock_.end(now)) lines += phase_line(*over, built);
    const auto total = format_elapsed(clock_.in_build(now));
    if (built)
      lines += line(green, marks_.done, was_running ? "built in " + total : "the image exists already") +
               "base " + sanitize(response.base_ref(), false) + "\n" + "workspace " +
               sanitize(response.ref(), false) + "\n";
    else
      lines += message_lines(response.message());
    close(lines);
  }

  void left(const std::string& words, time_point) override { close(rest_of_log() + words + "\n"); }

  void notice(const std::string& words, time_point now) override { draw(words + "\n", now); }

private:
  std::string paint(const char* color, const std::string& text) const {
    return screen_.color ? color + text + reset : text;
  }

  /// A mark in colour and text, cut to the terminal's width.
  std::string line(const char* color, const char* mark, const std::string& text) const {
    return cut(paint(color, mark) + " " + text, screen_.width()) + "\n";
  }

  std::string phase_line(const finished_phase& phase, bool done) {
    seen_phase_ = true;
    const auto took = " (" + format_elapsed(phase.took) + ")";
    const auto room = screen_.width() - std::min(screen_.width(), took.size() + 2);
    return line(done ? green : red, done ? marks_.done : marks_.failed,
                shortened(phase.message, room) + took);
  }

  std::string log_line(const std::string& text) const {
    return cut(paint(dim, marks_.margin) + sanitize(text, screen_.color), screen_.width()) + "\n";
  }

  std::string rest_of_log() {
    const auto rest = splitter_.take_rest();
    return rest.empty() ? "" : log_line(rest);
  }

  /// A failure's words in full: they may be many lines, and all of them matter.
  std::string message_lines(const std::string& message) const {
    std::string out;
    for (const auto& text : safe_lines(message))
      out += (out.empty() ? paint(red, marks_.failed) + " " : "  ") + text + "\n";
    return out.empty() ? paint(red, marks_.failed) + " the build failed\n" : out;
  }

  static std::string shortened(const std::string& text, size_t room) {
    return cut(text, std::max<size_t>(room, 1));
  }

  std::string status_line(time_point now, size_t width) const {
    const auto elapsed = clock_.in_build(now);
    const auto frame = static_cast<size_t>(elapsed / spinner_step) % marks_.spinner.size();
    auto times = "  " + format_elapsed(clock_.in_phase(now));
    if (clock_.in_phase(now) + std::chrono::seconds(1) < elapsed) times += " of " + format_elapsed(elapsed);
    const auto what = clock_.message().empty() ? std::string("waiting for the service") : clock_.message();
    const auto room = width - std::min(width, times.size() + 2);
    return cut(paint(cyan, marks_.spinner[frame]) + " " + shortened(what, room) + times, width);
  }

  /// What takes the status line away. A terminal that became narrower has folded it onto several rows.
  std::string erase(size_t width) const {
    if (drawn_ == 0) return "";
    const size_t rows = (drawn_ + width - 1) / width;
    return "\r" + (rows > 1 ? "\x1b[" + std::to_string(rows - 1) + "A" : "") + "\x1b[J";
  }

  /// Whole lines above the status line, in one write so that nothing flickers.
  void draw(const std::string& lines, time_point now) {
    const size_t width = std::max<size_t>(screen_.width(), 2);
    const auto status = status_line(now, width - 1);
    to_.out(erase(width) + lines + status);
    drawn_ = display_width(status);
  }

  void close(const std::string& lines) {
    to_.out(erase(std::max<size_t>(screen_.width(), 2)) + lines);
    drawn_ = 0;
  }

  sink& to_;
  terminal screen_;
  const marks& marks_;
  phase_clock clock_;
  line_splitter splitter_;
  size_t drawn_ = 0; ///< columns of the status line on the screen
  bool seen_phase_ = false;
};

} // namespace

std::unique_ptr<build_output> make_live_output(sink& to, const terminal& screen, time_point start) {
  return std::make_unique<live_output>(to, screen, start);
}

} // namespace ib::imgctl
