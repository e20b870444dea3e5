#include "actors/engine/build_failure.hpp"
#include "actors/engine/build_step.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

build_step step(const std::string& line) {
  auto parsed = parse_build_step(line);
  REQUIRE(parsed);
  return *parsed;
}

struct failing {
  const char* about;
  std::string dockerfile;
  std::string announced;
  int line;
  std::string command;
};

} // namespace

TEST_CASE("the announcements of buildah's steps are read", "[build_step]") {
  CHECK(step("STEP 2/13: RUN a:  b") == build_step{1, 1, 2, 13, "RUN a:  b"});
  CHECK(step("[2/3] STEP 1/4: FROM x AS y") == build_step{2, 3, 1, 4, "FROM x AS y"});
  for (const char* line : {"", "STEP", "STEP 1: FROM x", "STEP 1/2 FROM x", "STEP 0/2: RUN", "STEP 3/2: RUN",
                           "STEP x/2: RUN", "STEP 1/-2: RUN", "[1/2] COMMIT", "[1/2]STEP 1/1: FROM x",
                           "[3/2] STEP 1/1: FROM x", "[1/2 STEP 1/1: a", "[1] STEP 1/1: FROM x",
                           " STEP 1/1: FROM x", "Step 1/2 : FROM x", "STEP 99999999999/2: RUN"})
    CHECK_FALSE(parse_build_step(line));
}

TEST_CASE("a step follows another as buildah goes on, all else a command printed", "[build_step]") {
  const auto from = step("STEP 1/3: FROM x");
  CHECK(can_follow(std::nullopt, from));
  CHECK(can_follow(std::nullopt, step("STEP 2/3: RUN a")));
  CHECK(can_follow(from, step("STEP 2/3: RUN a")));
  // A base image with triggers.
  CHECK(can_follow(from, step("STEP 2/5: RUN a")));
  CHECK_FALSE(can_follow(from, step("STEP 3/3: RUN a")));
  CHECK_FALSE(can_follow(from, step("STEP 1/3: FROM x")));
  CHECK_FALSE(can_follow(step("STEP 2/5: RUN a"), step("STEP 3/6: RUN a")));
  CHECK_FALSE(can_follow(step("STEP 2/5: RUN a"), step("[1/2] STEP 1/3: FROM x")));
  CHECK(can_follow(step("[1/3] STEP 2/2: RUN a"), step("[3/3] STEP 1/4: FROM x")));
  CHECK_FALSE(can_follow(step("[1/3] STEP 2/2: RUN a"), step("[3/3] STEP 2/4: RUN x")));
  CHECK_FALSE(can_follow(step("[1/3] STEP 2/2: RUN a"), step("[2/2] STEP 1/4: FROM x")));
}

TEST_CASE("a failing step is found in the Dockerfile", "[build_step]") {
  const std::string plain =
      "# c\nARG X=1\n\nFROM scratch\nRUN a && \\\n\n  # c\n    b\nCOPY x \\\n  /\nRUN a && b\n";
  const std::string staged = "FROM alpine AS one\nRUN a\nRUN a\nFROM scratch\nRUN unused\nFROM one\nRUN a\n";
  const std::string based = "\nFROM registry.example/with-triggers\nRUN later\nCMD [\"x\"]\n";
  const std::string here = "FROM scratch\nRUN <<END\necho a\nEND\nRUN b\n";
  const std::vector<failing> table{
      {"the first step", plain, "STEP 1/4: FROM scratch", 4, "FROM scratch"},
      {"a step of several lines", plain, "STEP 2/4: RUN a &&     b", 5, "RUN a && b"},
      {"a step below it", plain, "STEP 3/4: COPY x   /", 9, "COPY x /"},
      {"a step with the words of another", plain, "STEP 4/4: RUN a && b", 11, "RUN a && b"},
      {"equal steps of a stage", staged, "[1/3] STEP 3/3: RUN a", 3, "RUN a"},
      {"equal steps of several stages", staged, "[3/3] STEP 2/2: RUN a", 7, "RUN a"},
      {"a stage that stands on another", staged,
       "[3/3] STEP 1/2: FROM 06b7005a89ed46b101917f2e1f9279f8a0d5d6fbd11505295a301a93d3fa70e2", 6,
       "FROM one"},
      {"the base image", based, "STEP 1/3: FROM registry.example/with-triggers", 2,
       "FROM registry.example/with-triggers"},
      {"a trigger of the base image", based, "STEP 3/5: RUN  in the base", 2, "RUN in the base"},
      {"a step behind the triggers", based, "STEP 4/5: RUN later", 3, "RUN later"},
      {"the last step behind the triggers", based, "STEP 5/5: CMD [\"x\"]", 4, "CMD [\"x\"]"},
      {"a line of a here-document", here, "STEP 3/5: echo a", 3, "echo a"},
      {"a step behind a here-document", here, "STEP 5/5: RUN b", 5, "RUN b"},
      {"numbers that lead elsewhere, a text that occurs once", plain, "STEP 2/3: COPY x   /", 9, "COPY x /"},
      {"numbers that lead elsewhere, a text that occurs twice", staged, "STEP 2/2: RUN a", 0, "RUN a"},
      {"another Dockerfile", plain, "STEP 2/4: RUN something else", 0, "RUN something else"},
      {"no Dockerfile", "", "STEP 2/4: RUN a", 0, "RUN a"},
  };
  for (const auto& [about, dockerfile, announced, line, command] : table) {
    CAPTURE(about);
    CHECK(locate_step(dockerfile, step(announced)) == failure_place{line, command, {}});
  }
}

TEST_CASE("a step that was too long for the tail is found, and told at a bearable length", "[build_step]") {
  const std::string first(output_tail::kept_line_bytes * 10, 'x');
  output_tail tail;
  tail.add("[1/1] STEP 3/3: RUN " + first + " b\n");
  REQUIRE(tail.step());
  auto where = locate_step("FROM scratch\nRUN a\nRUN " + first + " \\\n b\n", *tail.step());
  CHECK(where.line == 3);
  CHECK(where.command == "RUN " + first.substr(0, 1996) + "…");
}

TEST_CASE("the place of a failure has its step and the step's last lines", "[build_step]") {
  output_tail tail;
  tail.add("STEP 1/3: FROM scratch\nSTEP 2/3: RUN a\nof step two\nSTEP 3/3: RUN b\nSTEP 1/9: FROM nested\n"
           "\nwor\xFFst\nError: building at STEP \"RUN b\": exit status 3\n");
  auto where = place_of_failure(tail, "FROM scratch\nRUN a\n\nRUN b\n");
  CHECK(where.line == 4);
  CHECK(where.command == "RUN b");
  CHECK(where.last_lines == std::vector<std::string>{"STEP 1/9: FROM nested", "wor\xEF\xBF\xBDst"});
}

TEST_CASE("a failure before any step has last lines alone", "[build_step]") {
  output_tail tail;
  tail.add("Cloning into 'x'...\nfatal: no such repository");
  auto where = place_of_failure(tail, "");
  CHECK(where == failure_place{0, "", {"Cloning into 'x'...", "fatal: no such repository"}});
}
