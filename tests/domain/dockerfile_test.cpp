#include "actors/domain/dockerfile.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

/// "line:text" of each instruction, stages apart by "--".
std::string outline(std::string_view dockerfile) {
  std::string all;
  for (const auto& stage : dockerfile_stages(dockerfile)) {
    if (!all.empty()) all += "--\n";
    for (const auto& instruction : stage)
      all += std::to_string(instruction.line) + ":" + instruction.text + "\n";
  }
  return all;
}

struct reading {
  const char* about;
  std::string dockerfile;
  std::string outline;
};

} // namespace

TEST_CASE("a Dockerfile is read as buildah reads it", "[dockerfile]") {
  // The outlines were taken from what buildah 1.28 announces for these files.
  const std::vector<reading> table{
      {"nothing", "", ""},
      {"blank lines and comments alone", "\n  # a\n\n", ""},
      {"no end of the last line", "FROM scratch\nRUN a", "1:FROM scratch\n2:RUN a\n"},
      {"comments and blank lines between", "# c\n\nFROM scratch\n  # c\n\tRUN\ta\n",
       "3:FROM scratch\n5:RUN\ta\n"},
      {"continuation", "FROM scratch\nRUN a && \\\n  b \\ \t\n  && c\nRUN d\n",
       "1:FROM scratch\n2:RUN a &&   b   && c\n5:RUN d\n"},
      {"comments and blank lines within a continuation",
       "FROM scratch\nRUN \\\n\n  # c \\\n  a && \\\n# d\n  b\n", "1:FROM scratch\n2:RUN   a &&   b\n"},
      {"two marks at the end of a line are one too many", "FROM scratch\nRUN a\\\\\n && b\n",
       "1:FROM scratch\n2:RUN a\\ && b\n"},
      {"a continuation that the file ends in", "FROM scratch\nRUN a \\\n", "1:FROM scratch\n2:RUN a \n"},
      {"line ends of Windows", "FROM scratch\r\nRUN a \\\r\n  && b\r\n", "1:FROM scratch\n2:RUN a   && b\n"},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "FROM scratch\nRUN a\n",
       "1:FROM scratch\n2:RUN a\n"},
      {"another escape", "# escape=`\nFROM scratch\nRUN a\\\nRUN b `\n && c\n",
       "2:FROM scratch\n3:RUN a\\\n4:RUN b  && c\n"},
      {"another escape, oddly written", "#\tEscape = `x\nFROM scratch\nRUN a `\n && b\n",
       "2:FROM scratch\n3:RUN a  && b\n"},
      {"an escape that is not on the first line", "# syntax=x\n# escape=`\nFROM scratch\nRUN a `\nRUN b\n",
       "3:FROM scratch\n4:RUN a `\n5:RUN b\n"},
      {"stages", "FROM a AS x\nRUN b\nfrom c\nFROM x\nRUN d\n",
       "1:FROM a AS x\n2:RUN b\n--\n3:from c\n--\n4:FROM x\n5:RUN d\n"},
      {"arguments before the first stage", "ARG A=1\n\nARG B=2\nFROM ${A}\nARG A\nFROM b\n",
       "4:FROM ${A}\n5:ARG A\n--\n6:FROM b\n"},
      {"anything else before the first stage", "RUN a\nARG B\nFROM scratch\n",
       "1:RUN a\n--\n3:FROM scratch\n"},
      {"a here-document is no such thing", "FROM scratch\nRUN <<END\necho a\nEND\nRUN b\n",
       "1:FROM scratch\n2:RUN <<END\n3:echo a\n4:END\n5:RUN b\n"},
      {"a word that only begins like a keyword", "FROMAGE x\nFROM scratch\n",
       "1:FROMAGE x\n--\n2:FROM scratch\n"},
  };
  for (const auto& [about, dockerfile, expected] : table) {
    CAPTURE(about, dockerfile);
    CHECK(outline(dockerfile) == expected);
  }
}

TEST_CASE("blanks become single ones", "[dockerfile]") {
  CHECK(with_single_blanks("") == "");
  CHECK(with_single_blanks(" \t ") == "");
  CHECK(with_single_blanks("  RUN\ta  \\ b \r") == "RUN a \\ b");
}
