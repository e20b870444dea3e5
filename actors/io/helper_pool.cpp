#include "actors/io/helper_pool.hpp"

#include "actors/io/worker_thread.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace ib::io {

namespace {

constexpr size_t runners_at_once = 4;
constexpr size_t max_waiting = 256;

/// A helper and the server it is asked about.
using question = std::pair<std::string, std::string>;

struct helper_runner {
  worker_thread thread;
  bool busy = false;
};

} // namespace

/// Everything but the runs themselves happens on `office`, one thing after the other: no locks. A piece of
/// work whose thread has stopped happens all the same, so that everybody gets an answer.
struct helper_pool::core : std::enable_shared_from_this<core> {
  explicit core(helper_settings how) : settings(std::move(how)) {}

  const helper_settings settings;
  std::stop_source stop;
  worker_thread office;
  std::array<helper_runner, runners_at_once> runners;
  std::map<question, std::vector<callback>> asked; ///< runs and waits
  std::deque<question> waiting;

  void add(question wish, callback done) {
    auto& callers = asked[wish];
    callers.push_back(std::move(done));
    if (callers.size() > 1) return;
    auto idle = std::find_if(runners.begin(), runners.end(), [](const auto& r) { return !r.busy; });
    if (idle != runners.end()) return run(*idle, std::move(wish));
    if (waiting.size() < max_waiting) return waiting.push_back(std::move(wish));
    answer(wish, error{error_code::resource_exhausted, "too many lookups wait for a credential helper"});
  }

  void run(helper_runner& runner, question wish) {
    runner.busy = true;
    runner.thread.post([self = shared_from_this(), &runner, wish = std::move(wish)](bool) {
      auto found = run_credential_helper(self->settings, wish.first, wish.second, self->stop.get_token());
      self->office.post([self, &runner, wish, found = std::move(found)](bool) {
        runner.busy = false;
        if (!self->waiting.empty()) {
          auto next = std::move(self->waiting.front());
          self->waiting.pop_front();
          self->run(runner, std::move(next));
        }
        self->answer(wish, found);
      });
    });
  }

  void answer(const question& wish, const result<registry_credential>& found) {
    auto callers = asked.extract(wish);
    for (auto& done : callers.mapped())
      done(found);
  }

  void end() {
    stop.request_stop();
    for (auto& runner : runners)
      runner.thread.stop();
    office.stop();
  }
};

helper_pool::helper_pool(helper_settings settings) : core_(std::make_shared<core>(std::move(settings))) {}

helper_pool::~helper_pool() { core_->end(); }

void helper_pool::ask(std::string helper, std::string server, callback done) {
  core_->office.post([self = core_, wish = question(std::move(helper), std::move(server)),
                      done = std::move(done)](bool) mutable { self->add(std::move(wish), std::move(done)); });
}

} // namespace ib::io
