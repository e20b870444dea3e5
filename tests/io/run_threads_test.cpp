#include "actors/io/run_threads.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;

namespace {

task<result<std::string>> ask_at_once(run_threads& threads, std::string what) {
  auto asking = threads.call<std::string>([&](auto done) { done(what); });
  auto answer = co_await asking;
  co_return answer;
}

task<result<std::string>> ask_elsewhere(run_threads& threads, std::string what) {
  auto asking = threads.on_own_thread([&] { return what; });
  auto answer = co_await asking;
  co_return answer;
}

task<result<std::string>> ask_in_vain(run_threads& threads) {
  auto asking = threads.call<std::string>(
      [](const std::function<void(std::string)>&) { throw std::runtime_error("broken"); });
  auto answer = co_await asking;
  co_return answer;
}

task<result<std::string>> output_of(run_threads& threads, std::string script) {
  process_spec spec;
  spec.argv = {"sh", "-c", std::move(script)};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  spec.capture_stdout = true;
  auto running = threads.run(std::move(spec), {});
  auto ended = co_await running;
  if (!ended) co_return ended.error();
  co_return ended->output;
}

task<bool> waits_for(run_threads& threads, std::chrono::milliseconds time, std::stop_token stop) {
  auto sleeping = threads.sleep(time, std::move(stop));
  auto whole = co_await sleeping;
  co_return whole;
}

task<result<void>> counts_after(run_threads& threads, std::stop_token token,
                                std::shared_ptr<std::atomic<int>> count) {
  auto waiting = threads.until(std::move(token));
  co_await waiting;
  ++*count;
  co_return result<void>();
}

task<result<void>> throws() {
  throw std::runtime_error("a broken task");
  co_return result<void>();
}

} // namespace

TEST_CASE("a task goes on with what it asked for, from whatever thread the answer comes", "[tasks]") {
  run_threads threads;
  CHECK(*wait_for(ask_at_once(threads, "a")) == "a");
  CHECK(*wait_for(ask_elsewhere(threads, "b")) == "b");
  CHECK(*wait_for(output_of(threads, "echo c")) == "c\n");
  CHECK_THROWS_WITH(wait_for(ask_in_vain(threads)), "broken");
}

TEST_CASE("a task waits for its time or until it is stopped", "[tasks]") {
  run_threads threads;
  std::stop_source stop;
  CHECK(wait_for(waits_for(threads, 1ms, stop.get_token())));
  stop.request_stop();
  CHECK_FALSE(wait_for(waits_for(threads, 1h, stop.get_token())));
}

TEST_CASE("many tasks wait at once without a thread each", "[tasks]") {
  run_threads threads;
  std::stop_source go;
  auto count = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 1000; ++i)
    threads.start(counts_after(threads, go.get_token(), count));
  std::weak_ptr gone = count;
  CHECK(wait_for(waits_for(threads, 1ms, {}))); // the pool still has room
  CHECK(*count == 0);
  go.request_stop();
  threads.wait();
  CHECK(*count == 1000);
  CHECK(gone.use_count() == 1); // what a task holds is let go before it counts as gone
}

TEST_CASE("a stop that is requested while somebody begins to wait for it is not missed", "[tasks]") {
  run_threads threads;
  auto count = std::make_shared<std::atomic<int>>(0);
  for (int round = 0; round < 1000; ++round) {
    std::stop_source go;
    threads.start(counts_after(threads, go.get_token(), count));
    std::thread([go]() mutable { go.request_stop(); }).join();
    threads.wait();
  }
  CHECK(*count == 1000);
}

TEST_CASE("a task that throws harms nobody", "[tasks]") {
  run_threads threads;
  threads.start(throws());
  threads.wait();
  CHECK(*wait_for(ask_at_once(threads, "a")) == "a");
}

TEST_CASE("a pool begins its pieces in order and does all of them before it ends", "[tasks]") {
  std::vector<int> done;
  {
    work_pool pool(1);
    for (int i = 0; i < 100; ++i)
      pool.post([&done, i] { done.push_back(i); });
  }
  REQUIRE(done.size() == 100);
  CHECK(std::is_sorted(done.begin(), done.end()));
}

TEST_CASE("a piece of work that is stuck holds up no other", "[tasks]") {
  work_pool pool(2);
  std::atomic<bool> freed{false};
  std::atomic<bool> through{false};
  pool.post([&] { freed.wait(false); });
  pool.post([&] {
    through = true;
    through.notify_all();
  });
  through.wait(false);
  freed = true;
  freed.notify_all();
  CHECK(through);
}

TEST_CASE("a pool may be ended by a piece of its own work", "[tasks]") {
  auto pool = std::make_shared<work_pool>(2);
  std::atomic<bool> ended{false};
  pool->post([own = pool, &ended]() mutable {
    own.reset();
    ended = true;
    ended.notify_all();
  });
  pool.reset();
  ended.wait(false);
  CHECK(ended);
}
