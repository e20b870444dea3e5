#pragma once

#include "actors/build_plan.hpp"

#include "actors/domain/result.hpp"

#include <map>
#include <memory>
#include <string>

namespace ib {

/// A plan as JSON text, for the journal. Without credentials everything stays out that lets somebody in
/// somewhere, but for the build's own owner token, by which its log is read.
std::string plan_to_text(const build_plan& plan, bool with_credentials);
/// data_corrupt where the text is none.
result<std::shared_ptr<build_plan>> plan_from_text(const std::string& text);

std::string machine_to_text(const machine_state& machine);
result<machine_state> machine_from_text(const std::string& text);

/// Failure details of a step; "" for none.
std::string failure_to_text(const rare<build_failure>& failure);
result<rare<build_failure>> failure_from_text(const std::string& text);

std::string answers_to_text(const std::map<std::string, std::string>& answers);
result<std::map<std::string, std::string>> answers_from_text(const std::string& text);

} // namespace ib
