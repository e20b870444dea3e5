#pragma once

#include "actors/domain/build_machine.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ib {

/// A step as buildah announces it: "STEP 2/3: RUN make", in a build of several stages "[1/2] STEP 2/3: …".
/// Stages that no other needs are passed over and keep their numbers. The triggers that a base image brings
/// along (ONBUILD) follow its FROM as steps of their own, and are counted from there on only.
struct build_step {
  int stage = 1;
  int stages = 1;
  int number = 0; ///< within the stage, from 1, which is FROM
  int total = 0;  ///< of the stage
  std::string text;

  bool operator==(const build_step&) const = default;
};

/// Nothing where the line announces no step.
std::optional<build_step> parse_build_step(std::string_view line);

/// True where `next` can be announced after `earlier`: commands of a Dockerfile may print such lines, too,
/// most of all those that build images themselves.
bool can_follow(const std::optional<build_step>& earlier, const build_step& next);

/// Which line of the Dockerfile a step is, and the whole instruction there. A trigger of the base image is
/// blamed on the FROM that brings it. Line 0 where the text holds no such step.
failure_place locate_step(std::string_view dockerfile, const build_step& step);

} // namespace ib
