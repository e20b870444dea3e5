#include "tools/imgctl/json_lines.hpp"

#include "tools/imgctl/text.hpp"

#include "image-builder-api/imgbuilder.pb.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace ib::imgctl {
namespace {

std::string object_line(const char* key, const std::string& text) {
  const nlohmann::json object{{key, text}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace

std::string to_json_line(const google::protobuf::Message& message, bool with_defaults) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = with_defaults;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text + "\n" : object_line("error", "a response cannot be written as JSON");
}

std::string to_json_line(const builder::BuildResponse& response) {
  auto shown = response;
  if (shown.info().has_log_info()) shown.mutable_info()->mutable_log_info()->clear_headers();
  return to_json_line(static_cast<const google::protobuf::Message&>(shown));
}

std::string json_log::feed(std::string_view bytes) {
  auto text = std::exchange(held_, {}) + std::string(bytes);
  const auto tail = incomplete_tail(text);
  held_ = text.substr(text.size() - tail);
  text.resize(text.size() - tail);
  return text.empty() ? "" : object_line("log", text);
}

std::string json_log::take_rest() {
  return held_.empty() ? "" : object_line("log", std::exchange(held_, {}));
}

} // namespace ib::imgctl
