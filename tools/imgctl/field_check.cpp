#include "tools/imgctl/field_check.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ib::imgctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

class checker {
public:
  void message(const json& value, const Descriptor& type, const std::string& path) {
    if (!value.is_object()) return fault(path, "wants an object");
    if (depth_ == deepest) return fault(path, "nested too deeply");
    ++depth_;
    for (const auto& [key, inner] : value.items()) {
      const auto where = path.empty() ? key : path + "." + key;
      if (const auto* field = find(type, key))
        any(inner, *field, where);
      else
        fault(where, "unknown; known are " + names(type));
    }
    --depth_;
  }

  std::vector<std::string> faults;

private:
  static constexpr int deepest = 64;

  static const FieldDescriptor* find(const Descriptor& type, const std::string& key) {
    for (int i = 0; i < type.field_count(); ++i)
      if (type.field(i)->name() == key || type.field(i)->json_name() == key) return type.field(i);
    return nullptr;
  }

  static std::string names(const Descriptor& type) {
    std::string all;
    for (int i = 0; i < type.field_count(); ++i)
      all += (i == 0 ? "" : ", ") + type.field(i)->json_name();
    return all.empty() ? "none" : all;
  }

  void fault(const std::string& path, const std::string& what) { faults.push_back(path + ": " + what); }

  void any(const json& value, const FieldDescriptor& field, const std::string& path) {
    if (value.is_null()) return; // protojson: the default
    if (field.is_map()) {
      if (!value.is_object()) return fault(path, "wants an object");
      for (const auto& [key, inner] : value.items())
        one(inner, *field.message_type()->field(1), path + "." + key);
    } else if (field.is_repeated()) {
      if (!value.is_array()) return fault(path, "wants an array");
      for (size_t i = 0; i < value.size(); ++i)
        one(value[i], field, path + "[" + std::to_string(i) + "]");
    } else {
      one(value, field, path);
    }
  }

  void one(const json& value, const FieldDescriptor& field, const std::string& path) {
    switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message(value, *field.message_type(), path);
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) fault(path, "wants a string");
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!value.is_boolean()) fault(path, "wants true or false");
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      return enumerator(value, field, path);
    default: // numbers, which protojson also takes as strings
      if (!value.is_number() && !value.is_string()) fault(path, "wants a number");
    }
  }

  void enumerator(const json& value, const FieldDescriptor& field, const std::string& path) {
    const auto& type = *field.enum_type();
    if (value.is_number_integer()) return;
    if (value.is_string() && type.FindValueByName(value.get<std::string>()) != nullptr) return;
    std::string known;
    for (int i = 0; i < type.value_count(); ++i)
      known += (i == 0 ? "" : ", ") + type.value(i)->name();
    fault(path, "wants one of " + known);
  }

  int depth_ = 0;
};

} // namespace

std::vector<std::string> check_fields(const json& value, const Descriptor& type) {
  checker c;
  c.message(value, type, "");
  return std::move(c.faults);
}

} // namespace ib::imgctl
