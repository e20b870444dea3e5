#include "config/values.hpp"

#include "actors/domain/reference.hpp"
#include "config/addresses.hpp"
#include "config/durations.hpp"
#include "config/sizes.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace ib::config {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 13> architectures{
    "386",      "amd64",  "arm",   "arm64",   "loong64", "mips", "mips64",
    "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x"};

error wrong(std::string message) {
  return {error_code::invalid_argument, std::move(message), {}, std::nullopt};
}

error wrong_value(const definition& d, const std::string& why) {
  return wrong("must be " + expected(d) + ": " + why);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "\"" : ", \"") + word + "\"";
  return out;
}

std::string type_name(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return "a whole number";
  if (value.is_number()) return "a number with a fraction";
  return "null";
}

/// A limit in the unit that people would write it in.
std::string limit_text(const definition& d, int64_t limit) {
  if (d.kind == value_kind::duration) return '"' + format_duration(limit) + '"';
  return std::to_string(limit);
}

result<value> within_limits(const definition& d, int64_t number) {
  if (number < d.minimum)
    return wrong(d.minimum == 0 ? "must not be negative" : "must be at least " + limit_text(d, d.minimum));
  if (number > d.maximum) return wrong("must be at most " + limit_text(d, d.maximum));
  // Not value(number): with sanitizers g++ 12 warns of members of the other alternatives then.
  const value accepted = number;
  return accepted;
}

result<value> check_number(const definition& d, const json& number) {
  if (number.is_number_unsigned() && number.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    return wrong_value(d, "it is too large");
  return within_limits(d, number.get<int64_t>());
}

result<value> check_amount(const definition& d, const std::string& text) {
  auto number = d.kind == value_kind::duration ? parse_duration(text) : parse_size(text);
  if (!number) return wrong_value(d, number.error().message);
  return within_limits(d, *number);
}

result<void> check_file(const std::string& path, const load_options& options) {
  if (path.empty()) return wrong("must not be empty: the path of a file is needed");
  if (!options.check_files) return {};
  std::error_code failure;
  auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    bool missing = !failure || failure == std::errc::no_such_file_or_directory;
    return wrong("the file " + path + (missing ? " does not exist" : ": " + failure.message()));
  }
  if (std::filesystem::is_directory(status)) return wrong(path + " is a directory; a file is needed");
  if (access(path.c_str(), R_OK) != 0)
    return wrong("the file " + path + " cannot be read: permission denied");
  return {};
}

result<void> check_choice(const definition& d, const std::string& text) {
  if (std::find(d.choices.begin(), d.choices.end(), text) != d.choices.end()) return {};
  return wrong("must be " + expected(d));
}

/// A domain function's verdict on a text, in the words of a configuration fault.
template <class T>
result<void> verdict(const definition& d, const result<T>& checked) {
  if (checked) return {};
  return wrong_value(d, checked.error().message);
}

result<void> check_text(const definition& d, const std::string& text, const load_options& options) {
  switch (d.kind) {
  case value_kind::choice:
    return check_choice(d, text);
  case value_kind::repository:
    return verdict(d, parse_repository(text));
  case value_kind::image:
    return verdict(d, parse_reference(text));
  case value_kind::listen_address:
    if (d.may_be_off && text == off) return {};
    return verdict(d, check_address(text, address_use::listen));
  case value_kind::base_url:
    return verdict(d, check_base_url(text));
  case value_kind::peer_address:
    return verdict(d, check_address(text, address_use::connect));
  case value_kind::domain:
    return verdict(d, parse_domain(text));
  case value_kind::platform:
    return verdict(d, parse_platform(text));
  case value_kind::file:
    return check_file(text, options);
  case value_kind::directory:
    return text.starts_with('/') ? result<void>() : wrong("must be " + expected(d));
  case value_kind::text:
  case value_kind::group:
  case value_kind::named_groups:
  case value_kind::boolean:
  case value_kind::count:
  case value_kind::duration:
  case value_kind::size:
    return {};
  }
  return {};
}

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

} // namespace

std::string expected(const definition& d) {
  switch (d.kind) {
  case value_kind::group:
  case value_kind::named_groups:
    return "an object";
  case value_kind::text:
    return "a text";
  case value_kind::choice:
    return "one of " + joined(d.choices);
  case value_kind::boolean:
    return "true or false";
  case value_kind::count:
    return d.maximum == INT64_MAX ? "a whole number" : "a whole number up to " + std::to_string(d.maximum);
  case value_kind::duration:
    return "a duration such as \"6h0m0s\"";
  case value_kind::size:
    return "a number of bytes, or a size such as \"20GiB\"";
  case value_kind::repository:
    return "an image repository such as \"registry.example.com/images\"";
  case value_kind::image:
    return "an image reference such as \"registry.example.com/image:tag\"";
  case value_kind::listen_address:
    return std::string("an address such as \"127.0.0.1:8080\", \"[::1]:8080\" or \":0\"") +
           (d.may_be_off ? "; or \"off\"" : "");
  case value_kind::base_url:
    return "a URL such as \"https://builder.example.com/logs\"";
  case value_kind::peer_address:
    return "an address such as \"ws-manager:8080\" or \"[::1]:8080\"";
  case value_kind::domain:
    return "a registry's host such as \"registry.example.com\" or \"localhost:5000\"";
  case value_kind::file:
    return "the path of a file";
  case value_kind::directory:
    return "an absolute path";
  case value_kind::platform:
    return "a platform such as \"linux/amd64\" or \"linux/arm64/v8\"";
  }
  return {};
}

result<value> check_value(const definition& d, const json& given, const load_options& options) {
  auto mismatch = [&] { return wrong("must be " + expected(d) + ", not " + type_name(given)); };
  bool is_size = d.kind == value_kind::size;
  if (d.kind == value_kind::boolean)
    return given.is_boolean() ? result<value>(given.get<bool>()) : mismatch();
  if (d.kind == value_kind::count || (is_size && !given.is_string()))
    return given.is_number_integer() ? check_number(d, given) : mismatch();
  if (!given.is_string()) return mismatch();
  auto text = given.get<std::string>();
  if (is_size || d.kind == value_kind::duration) return check_amount(d, text);
  if (has_control_character(text)) return wrong("must not contain control characters");
  if (auto checked = check_text(d, text, options); !checked) return checked.error();
  return value(std::move(text));
}

json to_json(const definition& d, const value& v) {
  if (const auto* number = std::get_if<int64_t>(&v)) {
    if (d.kind == value_kind::duration) return format_duration(*number);
    if (d.kind == value_kind::size) return format_size(static_cast<uint64_t>(*number));
    return *number;
  }
  if (const auto* flag = std::get_if<bool>(&v)) return *flag;
  if (const auto* text = std::get_if<std::string>(&v)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&v)) return *list;
  return nullptr;
}

json default_json(const definition& d) {
  if (!d.read || d.no_fixed_default) return nullptr;
  draft defaults;
  return to_json(d, d.read(defaults));
}

result<std::string> parse_domain(std::string_view text) {
  if (text.find("//") != std::string_view::npos) return wrong("it must not be a URL");
  // The grammar knows domains only as the beginning of a reference; what follows must then be all of the
  // path.
  auto parsed = parse_repository(std::string(text) + "/some/image");
  if (!parsed || parsed->path != "some/image")
    return wrong("it must be a host with a dot, a port, or the name localhost, and nothing else");
  return parsed->domain;
}

result<image_platform> parse_platform(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() < 2 || parts.size() > 3) return wrong("it has two or three parts with slashes between");
  if (parts[0] != "linux") return wrong("the operating system must be linux");
  if (std::find(architectures.begin(), architectures.end(), parts[1]) == architectures.end()) {
    std::string known;
    for (auto name : architectures)
      known += (known.empty() ? "" : ", ") + std::string(name);
    return wrong("the architecture must be one of " + known);
  }
  if (parts.size() == 2) return image_platform{parts[0], parts[1], {}};
  bool plain = !parts[2].empty() &&
               parts[2].find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.") == std::string::npos;
  if (!plain) return wrong("the variant is made of small letters, digits and dots");
  return image_platform{parts[0], parts[1], parts[2]};
}

std::string format_platform(const image_platform& platform) {
  auto text = platform.os + "/" + platform.architecture;
  return platform.variant.empty() ? text : text + "/" + platform.variant;
}

} // namespace ib::config
