#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ib::imgctl {

/// One server-sent event.
struct server_event {
  std::string name;
  std::string data;
};

/// Cuts a stream of server-sent events into them. Pure.
class event_splitter {
public:
  /// The events that `bytes` completes.
  std::vector<server_event> feed(std::string_view bytes);

private:
  std::string rest_;
};

} // namespace ib::imgctl
