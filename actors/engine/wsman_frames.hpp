#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ib {

/// Cuts a stream of JSON objects into its objects, wherever the stream itself is cut. What stands between
/// objects is skipped.
class object_splitter {
public:
  static constexpr size_t max_object_bytes = 4 * 1024 * 1024;

  /// Calls `take` with each object that is complete now. data_corrupt for an object over the limit; nothing
  /// more is taken then.
  result<void> feed(std::string_view bytes, const std::function<void(const std::string&)>& take);
  /// True within an object.
  bool in_object() const { return depth_ > 0; }

private:
  std::string object_;
  int depth_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
};

/// One object of a terminal's stream.
struct terminal_frame {
  std::string data;             ///< output
  std::optional<int> exit;      ///< the terminal has ended with this code
  std::optional<error> failure; ///< the stream has failed
};

/// Reads an object of `…/terminal/listen/…`; an empty frame for a title and everything else that is no
/// output.
terminal_frame parse_terminal_frame(const std::string& object);

/// The first terminal that an object of `…/status/tasks` names; none where no task has one yet.
std::optional<std::string> terminal_of_tasks(const std::string& object);

} // namespace ib
