#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// One instruction of a Dockerfile.
struct dockerfile_instruction {
  int line = 0;     ///< where it begins, from 1
  std::string text; ///< its lines joined to one, without their continuation marks and comments

  bool operator==(const dockerfile_instruction&) const = default;
};

/// The instructions of a Dockerfile, as the parser of buildah 1.28 sees them: it knows the escape directive
/// on the first line only and no here-documents, whose lines are instructions of their own.
std::vector<dockerfile_instruction> dockerfile_instructions(std::string_view text);

using dockerfile_stage = std::vector<dockerfile_instruction>;

/// The instructions by stage, each stage beginning with its FROM. The ARGs before the first FROM belong to
/// no stage; anything else there makes a stage of its own.
std::vector<dockerfile_stage> dockerfile_stages(std::string_view text);

/// `text` with every run of blanks as one space and none at its ends.
std::string with_single_blanks(std::string_view text);

} // namespace ib
