#include "tools/imgctl/source_file.hpp"

#include "tools/imgctl/field_check.hpp"
#include "tools/imgctl/files.hpp"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace ib::imgctl {
namespace {

failure describe(const std::string& type, const std::vector<std::string>& faults) {
  std::string message = "wrong fields in " + type + ":";
  for (const auto& fault : faults)
    message += "\n  " + fault;
  return usage_error(message);
}

} // namespace

outcome<builder::BuildRequest> parse_source(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return usage_error("not a JSON object");
  builder::BuildRequest request;
  const bool is_source = json.contains("ref") || json.contains("file");
  google::protobuf::Message& target =
      is_source ? static_cast<google::protobuf::Message&>(*request.mutable_source()) : request;
  const auto faults = check_fields(json, *target.GetDescriptor());
  if (!faults.empty()) return describe(target.GetDescriptor()->full_name(), faults);
  if (!is_source && !json.contains("source"))
    return usage_error("neither a builder.BuildSource (ref or file) nor a builder.BuildRequest (source)");
  const auto status = google::protobuf::util::JsonStringToMessage(text, &target);
  // The parser's own words quote what they stumble over, and that may be a password.
  if (!status.ok())
    return usage_error("not a valid " + target.GetDescriptor()->full_name() +
                       ": a value is out of range, or two "
                       "fields of one choice are set");
  return request;
}

outcome<builder::BuildRequest> read_source_file(const std::string& path) {
  auto content = read_input("--source", path);
  if (!content) return content.why();
  auto request = parse_source(*content);
  if (!request) return failure{request.why().code, "--source: " + path + ": " + request.why().message};
  return request;
}

} // namespace ib::imgctl
