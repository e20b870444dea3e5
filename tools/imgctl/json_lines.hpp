#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}
namespace builder {
class BuildResponse;
}

namespace ib::imgctl {

/// `message` as protojson on one line, with a line end. Fields at their default are written where
/// `with_defaults`.
std::string to_json_line(const google::protobuf::Message& message, bool with_defaults = false);

/// The same for a build's response, without the headers of its log_info: they are secret, and output gets
/// kept.
std::string to_json_line(const builder::BuildResponse& response);

/// A log as lines of {"log": TEXT}. Bytes that are no UTF-8 become U+FFFD; a character that straddles two
/// chunks is kept back until it is whole.
class json_log {
public:
  /// The line for `bytes`; empty where none of them is whole yet.
  std::string feed(std::string_view bytes);
  /// What was kept back.
  std::string take_rest();

private:
  std::string held_;
};

} // namespace ib::imgctl
