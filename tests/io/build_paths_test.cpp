#include "actors/io/checkout.hpp"
#include "tests/support/git_fixture.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace ib;
using namespace ib::test;

namespace fs = std::filesystem;

namespace {

struct paths_fixture {
  scratch_folder folder;
  fs::path root = folder.make("root");

  paths_fixture() {
    fs::create_directories(root / "sub/deep");
    std::ofstream(root / "Dockerfile") << "FROM scratch\n";
    std::ofstream(root / "sub/my.Dockerfile") << "FROM scratch\n";
    std::ofstream(folder.path() / "outside") << "outside\n";
    fs::create_symlink("../../outside", root / "sub/escape");
    fs::create_symlink("/etc/passwd", root / "passwd");
    fs::create_symlink("sub/my.Dockerfile", root / "inside_link");
    fs::create_symlink("/etc", root / "etc");
    fs::create_symlink("..", root / "above");
    fs::create_symlink("loop_b", root / "loop_a");
    fs::create_symlink("loop_a", root / "loop_b");
  }

  result<io::build_paths> locate(const std::string& dockerfile, const std::string& context = "") const {
    dockerfile_source source;
    source.dockerfile_path = dockerfile;
    source.context_path = context;
    return io::locate_build_paths(source, root);
  }

  /// "dockerfile context" relative to the root, or the error's code and field.
  std::string found(const std::string& dockerfile, const std::string& context = "") const {
    auto paths = locate(dockerfile, context);
    if (!paths) return std::string(to_string(paths.error().code)) + " " + paths.error().field;
    return paths->dockerfile.lexically_relative(root).string() + " " +
           paths->context.lexically_relative(root).string();
  }
};

} // namespace

TEST_CASE_METHOD(paths_fixture, "an empty Dockerfile path means Dockerfile, an empty context its folder") {
  CHECK(found("") == "Dockerfile .");
  CHECK(found("Dockerfile") == "Dockerfile .");
  CHECK(found("sub/my.Dockerfile") == "sub/my.Dockerfile sub");
  CHECK(found("sub/my.Dockerfile", ".") == "sub/my.Dockerfile .");
  CHECK(found("sub/my.Dockerfile", "sub/deep") == "sub/my.Dockerfile sub/deep");
}

TEST_CASE_METHOD(paths_fixture, "a leading /workspace is dropped") {
  CHECK(found("/workspace/sub/my.Dockerfile") == "sub/my.Dockerfile sub");
  CHECK(found("/workspace//sub/my.Dockerfile", "/workspace") == "sub/my.Dockerfile .");
  CHECK(found("/workspace", "/workspace/sub/") == "Dockerfile sub");
  CHECK(found("/workspacesub/my.Dockerfile") == "invalid_argument source.file.dockerfile_path");
}

TEST_CASE_METHOD(paths_fixture, "paths and links that lead out of the context are refused") {
  const std::string dockerfile = "invalid_argument source.file.dockerfile_path";
  const std::string context = "invalid_argument source.file.context_path";
  CHECK(found("../outside") == dockerfile);
  CHECK(found("/etc/passwd") == dockerfile);
  CHECK(found("passwd") == dockerfile);
  CHECK(found("sub/escape") == dockerfile);
  CHECK(found("etc/passwd") == dockerfile);
  CHECK(found("above/outside") == dockerfile);
  CHECK(found("loop_a") == dockerfile);
  CHECK(found(std::string("Docker\0file", 11)) == dockerfile);
  CHECK(found("Dockerfile", "..") == context);
  CHECK(found("Dockerfile", "etc") == context);
  CHECK(found("Dockerfile", "above") == context);
  CHECK(found("Dockerfile", "sub/../../root") == context);
}

TEST_CASE_METHOD(paths_fixture, "a link to a file inside the context serves as Dockerfile") {
  CHECK(found("inside_link") == "sub/my.Dockerfile .");
}

TEST_CASE_METHOD(paths_fixture, "what is missing is not found and what is of another kind is refused") {
  CHECK(found("none") == "not_found source.file.dockerfile_path");
  CHECK(found("sub") == "invalid_argument source.file.dockerfile_path");
  CHECK(found("Dockerfile", "none") == "not_found source.file.context_path");
  CHECK(found("Dockerfile", "Dockerfile") == "invalid_argument source.file.context_path");
  CHECK(locate("none").error().message.find("none") != std::string::npos);
}
