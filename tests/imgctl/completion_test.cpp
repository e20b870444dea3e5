#include "tools/imgctl/completion.hpp"
#include "tools/imgctl/flags.hpp"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

using namespace ib::imgctl;

namespace {

std::string script(const std::string& shell) {
  command_line unused;
  return completion_script(*make_app(unused), shell);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("the scripts know the commands, nested ones too, and their flags") {
  const auto bash = script("bash");
  CHECK(
      has(bash, "\"\") words=\"build logs list show cancel resolve actors top doctor version completion\""));
  CHECK(has(bash, "\"resolve\") words=\"base workspace\""));
  CHECK(has(bash, "--git-password-env"));
  CHECK(has(bash, "complete -F _imgctl imgctl"));
  CHECK(has(script("fish"), "complete -c imgctl -n '__fish_seen_subcommand_from resolve; and not "
                            "__fish_seen_subcommand_from base workspace' -a base"));
}

TEST_CASE("a zsh script begins with what compinit looks for") {
  CHECK(script("zsh").starts_with("#compdef imgctl\n"));
}

TEST_CASE("flags that name a file complete files, the global ones are known everywhere") {
  const auto fish = script("fish");
  CHECK(has(fish, "-l registry-auth-file -r -F"));
  CHECK(has(fish, "-n '__fish_seen_subcommand_from list' -l address -x"));
  CHECK(has(script("bash"), "--ca|--cert|--config|--debug-token-file|--git-password-file|--key|--registry-"
                            "auth-file|--source) COMPREPLY=($(compgen -f"));
}
