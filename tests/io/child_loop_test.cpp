#include "actors/io/child_loop.hpp"

#include "actors/io/fault_injector.hpp"
#include "actors/io/output_gate.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;

namespace {

using child_end = std::future<result<process_result>>;

process_spec shell(std::string script) {
  process_spec spec;
  spec.argv = {"sh", "-c", std::move(script)};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  return spec;
}

child_end begin(child_loop& loop, process_spec spec, std::stop_token stop = {}) {
  auto promise = std::make_shared<std::promise<result<process_result>>>();
  auto end = promise->get_future();
  loop.run(std::move(spec), std::move(stop),
           [promise](result<process_result> outcome) { promise->set_value(std::move(outcome)); });
  return end;
}

size_t open_descriptors() {
  std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(std::filesystem::begin(all), std::filesystem::end(all)));
}

/// True where the process does not run: gone, or a zombie that its new parent has not reaped yet.
bool has_ended(pid_t pid) {
  std::string stat;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), stat);
  auto name_end = stat.rfind(')');
  return name_end == std::string::npos || stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X';
}

/// Waits for a number that a child has printed.
int wait_for_number(const std::atomic<int>& number) {
  number.wait(0);
  return number;
}

/// Keeps the first number of a child's output.
std::function<void(std::string_view)> noting(std::atomic<int>& number) {
  return [&number](std::string_view piece) {
    if (number != 0) return;
    number = std::atoi(std::string(piece).c_str());
    number.notify_all();
  };
}

} // namespace

TEST_CASE("a loop gives each child's output on in order and tells its end last", "[loop]") {
  child_loop loop;
  std::string first;
  std::string second;
  auto one = shell("for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf tail; exit 3");
  auto two = shell("echo captured; echo said >&2");
  one.on_output = [&](std::string_view piece) { first += piece; };
  two.on_output = [&](std::string_view piece) { second += piece; };
  two.capture_stdout = true;
  auto end_of_one = begin(loop, one);
  auto end_of_two = begin(loop, two);
  auto ended = end_of_one.get();
  REQUIRE(ended);
  CHECK(ended->exit_code == 3);
  CHECK(first == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\ntail");
  ended = end_of_two.get();
  REQUIRE(ended);
  CHECK(ended->output == "captured\n");
  CHECK(second == "said\n");
}

TEST_CASE("a loop tells why a child cannot be started and goes on", "[loop]") {
  child_loop loop;
  process_spec missing;
  missing.argv = {"no-such-program-anywhere"};
  auto nowhere = shell("true");
  nowhere.directory = "/no/such/folder";
  CHECK(begin(loop, missing).get().error().code == error_code::not_found);
  CHECK(begin(loop, nowhere).get().error().code == error_code::internal);
  CHECK(begin(loop, process_spec{}).get().error().code == error_code::internal);
  CHECK(begin(loop, shell("exit 4")).get()->exit_code == 4);
}

TEST_CASE("one child's stop leaves the others alone and ends its whole group", "[loop]") {
  child_loop loop;
  std::stop_source stop;
  std::atomic<int> grandchild{0};
  auto stopped = shell("sleep 1000 & echo $!; wait");
  stopped.on_output = noting(grandchild);
  auto other = begin(loop, shell("cat /dev/zero | head -c 1000000 > /dev/null; echo done"));
  auto end = begin(loop, stopped, stop.get_token());
  auto pid = wait_for_number(grandchild);
  stop.request_stop();
  auto ended = end.get();
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGTERM);
  CHECK(has_ended(pid));
  CHECK_FALSE(other.get()->stopped);
}

TEST_CASE("a stop before the start starts nothing, wherever it comes from", "[loop]") {
  child_loop loop;
  std::stop_source stop;
  stop.request_stop();
  std::atomic<bool> any_output{false};
  auto spec = shell("echo started");
  spec.on_output = [&](std::string_view) { any_output = true; };
  auto ended = begin(loop, spec, stop.get_token()).get();
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK_FALSE(any_output);
}

TEST_CASE("a child of a loop that ignores TERM is killed after the grace", "[loop]") {
  child_loop loop;
  std::stop_source stop;
  std::atomic<int> pid{0};
  auto spec = shell("trap '' TERM; echo $$; while :; do sleep 1000; done");
  spec.kill_grace = 50ms;
  spec.on_output = noting(pid);
  auto end = begin(loop, spec, stop.get_token());
  wait_for_number(pid);
  stop.request_stop();
  auto ended = end.get();
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGKILL);
  CHECK(has_ended(pid));
}

TEST_CASE("a child of a loop is stopped at its time limit, and one that ends before is not", "[loop]") {
  child_loop loop;
  auto late = shell("trap '' TERM; while :; do sleep 1; done");
  late.time_limit = 50ms;
  late.kill_grace = 50ms;
  auto early = shell("exit 0");
  early.time_limit = 60s;
  auto end_of_late = begin(loop, late);
  auto ended = begin(loop, early).get();
  REQUIRE(ended);
  CHECK_FALSE(ended->stopped);
  ended = end_of_late.get();
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGKILL);
}

TEST_CASE("a child whose output nobody takes waits in its pipe, and others do not", "[loop]") {
  child_loop loop;
  output_gate gate(loop.waker());
  std::atomic<size_t> outstanding{0};
  std::atomic<size_t> most{0};
  std::atomic<size_t> total{0};
  auto spec = shell("yes 0123456789abcdef | head -c 34000000");
  spec.gate = &gate;
  spec.on_output = [&](std::string_view piece) {
    gate.enter(piece.size());
    most = std::max<size_t>(most, outstanding += piece.size());
    total += piece.size();
  };
  auto end = begin(loop, spec);
  while (!gate.is_full())
    std::this_thread::yield();
  // It is held now: another child is started, read and ended meanwhile.
  auto before = total.load();
  CHECK(begin(loop, shell("echo x")).get()->exit_code == 0);
  CHECK(total == before);
  CHECK(end.wait_for(0s) == std::future_status::timeout);
  // The log takes all there is, again and again.
  while (end.wait_for(0s) != std::future_status::ready) {
    auto taken = outstanding.exchange(0);
    gate.leave(taken);
    std::this_thread::yield();
  }
  CHECK(end.get()->exit_code == 0);
  CHECK(total == 34'000'000);
  CHECK(most <= output_gate::high + 256 * 1024);
}

TEST_CASE("what a child wrote before its end comes once its gate has room", "[loop]") {
  child_loop loop;
  output_gate gate(loop.waker());
  std::atomic<int> pid{0};
  std::string text;
  auto spec = shell("echo $$; read go < \"$0\"; echo last words");
  auto folder = std::filesystem::temp_directory_path() / ("ib-loop-" + std::to_string(::getpid()));
  REQUIRE(::mkfifo(folder.c_str(), 0600) == 0);
  spec.argv.push_back(folder);
  spec.gate = &gate;
  spec.on_output = [&](std::string_view piece) {
    text += piece;
    gate.enter(output_gate::high + 1);
    noting(pid)(piece);
  };
  auto end = begin(loop, spec);
  wait_for_number(pid);
  std::ofstream(folder) << "go\n";
  while (!has_ended(pid))
    std::this_thread::yield();
  CHECK(begin(loop, shell("true")).get()->exit_code == 0);
  CHECK(end.wait_for(0s) == std::future_status::timeout);
  gate.leave(output_gate::high + 1);
  CHECK(end.get()->exit_code == 0);
  CHECK(text.ends_with("last words\n"));
  std::filesystem::remove(folder);
}

TEST_CASE("a full gate does not put off the kill", "[loop]") {
  child_loop loop;
  output_gate gate(loop.waker());
  std::stop_source stop;
  std::atomic<int> pid{0};
  auto spec = shell("trap '' TERM; echo $$; while :; do echo more; done");
  spec.kill_grace = 20ms;
  spec.gate = &gate;
  spec.on_output = [&](std::string_view piece) {
    gate.enter(output_gate::high + 1);
    noting(pid)(piece);
  };
  auto end = begin(loop, spec, stop.get_token());
  wait_for_number(pid);
  stop.request_stop();
  while (!has_ended(pid))
    std::this_thread::yield();
  CHECK(end.wait_for(0s) == std::future_status::timeout);
  gate.open();
  auto ended = end.get();
  REQUIRE(ended);
  CHECK(ended->stopped);
  CHECK(ended->signal == SIGKILL);
}

TEST_CASE("a child that somebody kills has ended by that signal", "[loop]") {
  child_loop loop;
  std::atomic<int> pid{0};
  auto spec = shell("echo $$; exec sleep 1000");
  spec.on_output = noting(pid);
  auto end = begin(loop, spec);
  REQUIRE(::kill(wait_for_number(pid), SIGKILL) == 0);
  auto ended = end.get();
  REQUIRE(ended);
  CHECK(ended->signal == SIGKILL);
  CHECK_FALSE(ended->stopped);
}

TEST_CASE("a grandchild that keeps the pipe open does not outlive a child of a loop", "[loop]") {
  child_loop loop;
  std::atomic<int> grandchild{0};
  auto spec = shell("(trap '' TERM HUP; sleep 1000) & echo $!");
  spec.on_output = noting(grandchild);
  CHECK(begin(loop, spec).get()->exit_code == 0);
  CHECK(has_ended(grandchild));
}

TEST_CASE("a reader that throws ends its child and no other", "[loop]") {
  child_loop loop;
  std::atomic<int> pid{0};
  auto spec = shell("trap '' TERM; echo $$; while :; do echo more; done");
  spec.on_output = [&](std::string_view piece) {
    noting(pid)(piece);
    throw std::runtime_error("reader is broken");
  };
  auto other = begin(loop, shell("sleep 0.1; exit 5"));
  auto ended = begin(loop, spec).get();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message.find("reader is broken") != std::string::npos);
  CHECK(has_ended(pid));
  CHECK(other.get()->exit_code == 5);
}

TEST_CASE("a child of a loop dies with this process", "[loop]") {
  child_loop loop;
  std::string text;
  process_spec spec;
  spec.argv = {"setpriv", "--dump"};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  spec.on_output = [&](std::string_view piece) { text += piece; };
  REQUIRE(begin(loop, spec).get());
  CHECK(text.find("Parent death signal: KILL") != std::string::npos);
}

TEST_CASE("many children of a loop at once leave no descriptor and no zombie", "[loop]") {
  child_loop loop;
  CHECK(begin(loop, shell("true")).get());
  auto before = open_descriptors();
  std::vector<child_end> ends;
  std::atomic<int> lines{0};
  for (int i = 0; i < 100; ++i) {
    auto spec = shell("sleep 0.2; echo one; echo two; exit " + std::to_string(i));
    spec.on_output = [&](std::string_view piece) {
      lines += static_cast<int>(std::count(piece.begin(), piece.end(), '\n'));
    };
    ends.push_back(begin(loop, spec));
  }
  for (int i = 0; i < 100; ++i)
    CHECK(ends.at(static_cast<size_t>(i)).get()->exit_code == i);
  CHECK(lines == 200);
  CHECK(open_descriptors() == before);
  auto count = shell("ps -o stat= --ppid " + std::to_string(::getpid()) + " | grep -c Z");
  count.capture_stdout = true;
  CHECK(begin(loop, count).get()->output == "0\n");
}

TEST_CASE("a loop that ends kills its children and answers everybody", "[loop]") {
  std::atomic<int> pid{0};
  std::atomic<int> answers{0};
  output_gate gate;
  {
    child_loop loop;
    auto spec = shell("trap '' TERM; echo $$; while :; do echo more; done");
    spec.gate = &gate; // full, and nobody makes room
    spec.on_output = [&](std::string_view piece) {
      gate.enter(output_gate::high + 1);
      noting(pid)(piece);
    };
    loop.run(spec, {}, [&](const result<process_result>& end) {
      if (!end && end.error().code == error_code::cancelled) ++answers;
    });
    loop.wait(1h, {}, [&](bool whole) {
      if (!whole) ++answers;
    });
    wait_for_number(pid);
  }
  CHECK(has_ended(pid));
  CHECK(answers == 2);
}

TEST_CASE("a wait ends after its time, or at once when it is stopped", "[loop]") {
  child_loop loop;
  auto wait = [&](std::chrono::milliseconds duration, std::stop_token stop) {
    auto promise = std::make_shared<std::promise<bool>>();
    auto end = promise->get_future();
    loop.wait(duration, std::move(stop), [promise](bool whole) { promise->set_value(whole); });
    return end;
  };
  std::stop_source stop;
  auto stopped = wait(1h, stop.get_token());
  CHECK(wait(1ms, {}).get());
  CHECK(wait(0ms, stop.get_token()).get());
  CHECK(stopped.wait_for(0s) == std::future_status::timeout);
  stop.request_stop();
  CHECK_FALSE(stopped.get());
  CHECK_FALSE(wait(1h, stop.get_token()).get());
}

TEST_CASE("children of a loop meet the faults that are planned for them", "[loop]") {
  child_loop loop;
  fault_injector faults(std::make_shared<actor_board>());
  auto spec = shell("echo go; head -c 300000 /dev/zero | tr '\\0' x; echo; echo done");
  spec.faults = &faults;
  spec.build_id = "b1";
  std::string text;
  spec.on_output = [&](std::string_view piece) {
    if (text.empty()) faults.hold_pipe("b1", 100ms);
    text += piece;
  };
  faults.plan(fault_place::process, 1, {1ms, error{error_code::internal, "no more processes", "", {}}});
  faults.plan(fault_place::process, 1, {1h, std::nullopt});
  faults.plan(fault_place::process, 1, {1ms, std::nullopt});
  CHECK(begin(loop, spec).get().error().message == "no more processes");
  std::stop_source stop;
  auto delayed = begin(loop, spec, stop.get_token());
  auto second = begin(loop, spec);
  CHECK(second.get()->exit_code == 0);
  CHECK(text.size() == 300000 + 3 + 1 + 5);
  CHECK(text.ends_with("done\n"));
  stop.request_stop();
  CHECK(delayed.get().error().code == error_code::cancelled);
  CHECK_FALSE(faults.kill_child("b1"));
}
