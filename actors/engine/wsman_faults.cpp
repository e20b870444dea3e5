#include "actors/engine/wsman_faults.hpp"

#include "actors/io/run_threads.hpp"

#include <stop_token>
#include <utility>

namespace ib {

namespace {

class faulty_manager final : public workspace_manager {
public:
  faulty_manager(std::shared_ptr<workspace_manager> manager, std::shared_ptr<io::fault_points> faults)
      : manager_(std::move(manager)), faults_(std::move(faults)) {}
  ~faulty_manager() override { end_delays(); }

  void list(std::function<void(result<std::vector<workspace_status>>)> done) override {
    meet([this, done](std::optional<error> failure) {
      if (failure) return done(std::move(*failure));
      manager_->list(done);
    });
  }
  /// A stream and no call: it is left alone.
  std::unique_ptr<workspace_subscription> subscribe(std::function<void(workspace_status)> changed,
                                                    std::function<void(error)> ended) override {
    return manager_->subscribe(std::move(changed), std::move(ended));
  }
  void start(std::shared_ptr<const build_plan> plan, from_credentials credentials,
             std::function<void(result<started_workspace>)> done) override {
    meet([this, plan = std::move(plan), credentials = std::move(credentials),
          done](std::optional<error> failure) {
      if (failure) return done(std::move(*failure));
      manager_->start(plan, credentials, done);
    });
  }
  void describe(const std::string& id, std::function<void(result<workspace_status>)> done) override {
    meet([this, id, done](std::optional<error> failure) {
      if (failure) return done(std::move(*failure));
      manager_->describe(id, done);
    });
  }
  void stop(const std::string& id, std::function<void(result<void>)> done) override {
    meet([this, id, done](std::optional<error> failure) {
      if (failure) return done(std::move(*failure));
      manager_->stop(id, done);
    });
  }
  void close() override {
    end_delays();
    manager_->close();
  }

private:
  /// Goes on with the call, or its failure: at once, or after its delay.
  void meet(std::function<void(std::optional<error>)> go_on) {
    auto fault = faults_->next(io::fault_place::wsman);
    if (fault.delay.count() <= 0) return go_on(std::move(fault.failure));
    threads_.start(go_on_later(std::move(fault), std::move(go_on)));
  }
  io::task<result<void>> go_on_later(io::planned_fault fault,
                                     std::function<void(std::optional<error>)> go_on) {
    auto sleeping = threads_.sleep(fault.delay, closing_.get_token());
    auto whole = co_await sleeping;
    if (whole)
      go_on(std::move(fault.failure));
    else
      go_on(error{error_code::cancelled, "stopped", "", {}});
    co_return result<void>();
  }
  void end_delays() {
    closing_.request_stop();
    threads_.wait();
  }

  std::shared_ptr<workspace_manager> manager_;
  std::shared_ptr<io::fault_points> faults_;
  std::stop_source closing_;
  io::run_threads threads_;
};

} // namespace

std::shared_ptr<workspace_manager> make_faulty_manager(std::shared_ptr<workspace_manager> manager,
                                                       std::shared_ptr<io::fault_points> faults) {
  return std::make_shared<faulty_manager>(std::move(manager), std::move(faults));
}

} // namespace ib
