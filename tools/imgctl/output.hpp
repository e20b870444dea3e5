#pragma once

#include "tools/imgctl/progress.hpp"
#include "tools/imgctl/terminal.hpp"

#include "image-builder-api/imgbuilder.pb.h"

#include <memory>
#include <string>
#include <string_view>

namespace ib::imgctl {

/// Where an output's bytes go; replaced in tests.
class sink {
public:
  virtual ~sink() = default;
  virtual void out(std::string_view bytes) = 0; ///< standard output
  virtual void err(std::string_view bytes) = 0; ///< standard error
};

/// How a followed build is shown. The calls come from one thread, in the order of events.
class build_output {
public:
  virtual ~build_output() = default;

  /// A response that is not the last one.
  virtual void running(const builder::BuildResponse& response, time_point now) = 0;
  /// Bytes of the log, in order.
  virtual void log(std::string_view bytes, time_point now) = 0;
  /// Time passed, or the terminal has a new size.
  virtual void tick(time_point) {}
  /// The last response; the log has been shown to its end.
  virtual void finished(const builder::BuildResponse& response, time_point now) = 0;
  /// The build is left while it runs, or the connection to it is lost: words for the user.
  virtual void left(const std::string& words, time_point now) = 0;
  /// The build is left at the user's wish right after its start: a script wants its id.
  virtual void started(const std::string&) {}
  /// Something the user should know, that changes nothing.
  virtual void notice(const std::string& words, time_point now) = 0;
  /// True where log() shows something: where not, no log is asked for.
  virtual bool wants_log() const { return true; }
};

/// Drawn on a terminal: finished phases and log lines scroll by, the last line is a status that is redrawn.
std::unique_ptr<build_output> make_live_output(sink& to, const terminal& screen, time_point start);

/// Log bytes as they come to standard output, phases and result to standard error.
std::unique_ptr<build_output> make_plain_output(sink& to);

/// The workspace reference to standard output and nothing else.
std::unique_ptr<build_output> make_quiet_output(sink& to);

/// One JSON object per line: each BuildResponse, and {"log": TEXT}.
std::unique_ptr<build_output> make_json_output(sink& to);

} // namespace ib::imgctl
