#include "actors/io/process.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

using namespace ib;
using namespace ib::io;

namespace {

process_spec shell(std::string script) {
  process_spec spec;
  spec.argv = {"sh", "-c", std::move(script)};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  return spec;
}

/// Runs to the end and returns what on_output was given.
std::pair<process_result, std::string> run_collecting(process_spec spec) {
  std::string text;
  spec.on_output = [&](std::string_view piece) { text += piece; };
  auto ended = run_process(spec, {});
  INFO((ended ? std::string() : ended.error().message));
  REQUIRE(ended);
  return {*ended, text};
}

size_t open_descriptors() {
  std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

/// True where the process does not run: gone, or a zombie that its new parent has not reaped yet.
bool has_ended(pid_t pid) {
  std::string stat;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), stat);
  auto name_end = stat.rfind(')');
  return name_end == std::string::npos || stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X';
}

} // namespace

TEST_CASE("a child's exit code is given on") {
  CHECK(run_process(shell("exit 0"), {})->exit_code == 0);
  auto ended = run_process(shell("exit 42"), {});
  REQUIRE(ended);
  CHECK(ended->exit_code == 42);
  CHECK(ended->signal == 0);
  CHECK_FALSE(ended->stopped);
}

TEST_CASE("a child ended by a signal says which") {
  auto ended = run_process(shell("kill -USR1 $$"), {});
  REQUIRE(ended);
  CHECK(ended->signal == SIGUSR1);
  CHECK(ended->exit_code == 128 + SIGUSR1);
}

TEST_CASE("a missing program is not found and nothing is started") {
  process_spec spec;
  spec.argv = {"no-such-program-anywhere"};
  auto ended = run_process(spec, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == error_code::not_found);
  CHECK(ended.error().message.find("no-such-program-anywhere") != std::string::npos);
  CHECK(find_program("no-such-program-anywhere").empty());
  CHECK(find_program("").empty());
  CHECK(find_program("sh").front() == '/');
  CHECK(find_program("/bin/sh") == "/bin/sh");
  CHECK(find_program("/etc/passwd").empty());
}

TEST_CASE("a child cannot be started in a folder that does not exist") {
  auto spec = shell("true");
  spec.directory = "/no/such/folder";
  auto ended = run_process(spec, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == error_code::internal);
}

TEST_CASE("a NUL byte in an argument is an error and not a shortened argument") {
  auto ended = run_process(shell(std::string("echo a\0b", 8)), {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == error_code::internal);
}

TEST_CASE("standard output and standard error arrive in the order they were written") {
  auto [ended, text] =
      run_collecting(shell("for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf tail"));
  CHECK(ended.exit_code == 0);
  CHECK(text == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\ntail");
}

TEST_CASE("captured standard output is kept apart from standard error") {
  auto spec = shell("echo out; echo err >&2");
  spec.capture_stdout = true;
  auto [ended, text] = run_collecting(std::move(spec));
  CHECK(ended.output == "out\n");
  CHECK(text == "err\n");
}

TEST_CASE("a child that writes more than may be captured is ended") {
  auto spec = shell("exec yes");
  spec.capture_stdout = true;
  spec.max_captured_bytes = 100'000;
  auto ended = run_process(spec, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == error_code::resource_exhausted);
}

TEST_CASE("a child's environment is exactly the given one") {
  process_spec spec;
  spec.argv = {"env"};
  spec.environment = {{"ONE", "1"}, {"TWO", "a b=c\nd"}};
  auto [ended, text] = run_collecting(std::move(spec));
  CHECK(text == "ONE=1\nTWO=a b=c\nd\n");
}

TEST_CASE("a child has no descriptor but its standard streams and reads nothing from standard input") {
  int leaked = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC
  REQUIRE(leaked >= 0);
  auto [ended, text] = run_collecting(shell("cat; exec ls /proc/self/fd"));
  ::close(leaked);
  CHECK(text == "0\n1\n2\n3\n"); // 3 is the folder that is listed
}

TEST_CASE("a signal that this process ignores or blocks reaches a child") {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigset_t mask_before;
  pthread_sigmask(SIG_BLOCK, &usr1, &mask_before);
  auto handler_before = std::signal(SIGPIPE, SIG_IGN);
  auto ignored = run_process(shell("kill -PIPE $$"), {});
  auto blocked = run_process(shell("kill -USR1 $$"), {});
  std::signal(SIGPIPE, handler_before);
  pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  REQUIRE(ignored);
  REQUIRE(blocked);
  CHECK(ignored->signal == SIGPIPE);
  CHECK(blocked->signal == SIGUSR1);
}

TEST_CASE("big output comes in pieces of at most 256 KiB that end with a line") {
  auto spec = shell("yes 0123456789abcdef | head -c 68000000");
  size_t total = 0;
  size_t largest = 0;
  bool cut_inside_a_line = false;
  spec.on_output = [&](std::string_view piece) {
    total += piece.size();
    largest = std::max(largest, piece.size());
    cut_inside_a_line = cut_inside_a_line || piece.back() != '\n';
  };
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(total == 68'000'000);
  CHECK(largest <= 256 * 1024);
  CHECK_FALSE(cut_inside_a_line);
}

TEST_CASE("a line that the buffer has to grow for comes in one piece") {
  auto spec = shell("echo short; head -c 30000 /dev/zero | tr '\\0' x; echo");
  std::string text;
  bool cut_inside_a_line = false;
  spec.on_output = [&](std::string_view piece) {
    text += piece;
    cut_inside_a_line = cut_inside_a_line || piece.back() != '\n';
  };
  REQUIRE(run_process(spec, {}));
  CHECK(text == "short\n" + std::string(30'000, 'x') + "\n");
  CHECK_FALSE(cut_inside_a_line);
}

TEST_CASE("a line longer than the buffer is given on in parts") {
  auto [ended, text] = run_collecting(shell("head -c 1000000 /dev/zero | tr '\\0' x"));
  CHECK(text == std::string(1'000'000, 'x'));
}

TEST_CASE("a grandchild that keeps the pipe open does not outlive the child") {
  auto [ended, text] = run_collecting(shell("(trap '' TERM HUP; sleep 1000) & echo $!; echo done"));
  CHECK(ended.exit_code == 0);
  REQUIRE(text.size() > 5);
  CHECK(text.substr(text.size() - 5) == "done\n");
  CHECK(has_ended(std::atoi(text.c_str())));
}

TEST_CASE("a stop request ends the whole group by TERM") {
  std::stop_source stop;
  std::atomic<int> grandchild{0};
  auto spec = shell("sleep 1000 & echo $!; wait");
  spec.on_output = [&](std::string_view piece) {
    grandchild = std::atoi(std::string(piece).c_str());
    stop.request_stop();
  };
  auto ended = run_process(spec, stop.get_token());
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGTERM);
  REQUIRE(grandchild > 0);
  CHECK(has_ended(grandchild));
}

TEST_CASE("a child that ignores TERM is killed after the grace") {
  std::stop_source stop;
  auto spec = shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  spec.kill_grace = std::chrono::milliseconds(50);
  spec.on_output = [&](std::string_view) { stop.request_stop(); };
  auto ended = run_process(spec, stop.get_token());
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGKILL);
}

TEST_CASE("a stop request before the start starts nothing") {
  std::stop_source stop;
  stop.request_stop();
  bool any_output = false;
  auto spec = shell("echo started");
  spec.on_output = [&](std::string_view) { any_output = true; };
  auto ended = run_process(spec, stop.get_token());
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK_FALSE(any_output);
}

TEST_CASE("a reader that throws leaves no process behind") {
  int child = 0;
  auto spec = shell("trap '' TERM; echo $$; while :; do echo more; done");
  spec.on_output = [&](std::string_view piece) {
    child = std::atoi(std::string(piece).c_str());
    throw std::runtime_error("reader is broken");
  };
  auto ended = run_process(spec, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message.find("reader is broken") != std::string::npos);
  REQUIRE(child > 0);
  CHECK(::kill(child, 0) == -1);
  CHECK(errno == ESRCH);
}

TEST_CASE("a child dies with the thread that runs it") {
  // setpriv sets the signal that the kernel sends when the parent is gone.
  process_spec direct;
  direct.argv = {"setpriv", "--dump"};
  direct.environment = {{"PATH", "/usr/bin:/bin"}};
  CHECK(run_collecting(direct).second.find("Parent death signal: KILL") != std::string::npos);
}

TEST_CASE("many children at a time and one after another leave no descriptor and no zombie") {
  auto before = open_descriptors();
  std::atomic<int> wrong{0};
  std::vector<std::thread> runners;
  for (int runner = 0; runner < 8; ++runner)
    runners.emplace_back([&, runner] {
      for (int turn = 0; turn < 10; ++turn) {
        auto ended = run_process(shell("echo x; exit " + std::to_string(runner)), {});
        if (!ended || ended->exit_code != runner) ++wrong;
      }
    });
  for (auto& runner : runners)
    runner.join();
  CHECK(wrong == 0);
  CHECK(open_descriptors() == before);
  auto [ended, text] =
      run_collecting(shell("ps -o stat= --ppid " + std::to_string(::getpid()) + " | grep -c Z"));
  CHECK(text == "0\n");
}

TEST_CASE("a child reads its input and then the end of it") {
  auto spec = shell("cat; echo end");
  spec.input = "first\nlast without a newline";
  spec.capture_stdout = true;
  CHECK(run_process(spec, {})->output == "first\nlast without a newlineend\n");
}

TEST_CASE("input larger than a pipe reaches a child that writes before it reads") {
  auto spec = shell("head -c 300000 /dev/zero; cat");
  spec.input = std::string(1'000'000, 'i');
  spec.capture_stdout = true;
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(ended->output == std::string(300'000, '\0') + spec.input);
}

TEST_CASE("a child that reads nothing of its input ends all the same") {
  auto before = open_descriptors();
  auto spec = shell("exit 7");
  spec.input = std::string(1'000'000, 'i');
  CHECK(run_process(spec, {})->exit_code == 7);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a child is stopped at its time limit, with KILL where TERM does not help") {
  auto spec = shell("trap '' TERM; while :; do sleep 1; done");
  spec.time_limit = std::chrono::milliseconds(100);
  spec.kill_grace = std::chrono::milliseconds(100);
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGKILL);
}

TEST_CASE("a child that ends within its time limit is not stopped") {
  auto spec = shell("exit 0");
  spec.time_limit = std::chrono::seconds(60);
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK_FALSE(ended->stopped);
}
