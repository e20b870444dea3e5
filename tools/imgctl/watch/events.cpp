#include "tools/imgctl/watch/events.hpp"

#include <utility>

namespace ib::imgctl {
namespace {

/// A field's value where `line` is of that field.
bool take_field(std::string_view line, std::string_view field, std::string& into) {
  if (!line.starts_with(field) || line.size() <= field.size() || line[field.size()] != ':') return false;
  line.remove_prefix(field.size() + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (!into.empty()) into += '\n';
  into += line;
  return true;
}

server_event read_event(std::string_view block) {
  server_event event;
  while (!block.empty()) {
    const auto end = block.find('\n');
    const auto line = block.substr(0, end);
    if (!take_field(line, "event", event.name)) take_field(line, "data", event.data);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
  }
  return event;
}

} // namespace

std::vector<server_event> event_splitter::feed(std::string_view bytes) {
  // What was looked through before needs no second look, but for half of an end.
  size_t from = rest_.empty() ? 0 : rest_.size() - 1;
  rest_ += bytes;
  std::vector<server_event> events;
  size_t begin = 0;
  for (auto end = rest_.find("\n\n", from); end != std::string::npos; end = rest_.find("\n\n", begin)) {
    auto event = read_event(std::string_view(rest_).substr(begin, end - begin));
    if (!event.data.empty()) events.push_back(std::move(event));
    begin = end + 2;
  }
  rest_.erase(0, begin);
  return events;
}

} // namespace ib::imgctl
