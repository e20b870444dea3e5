#include "actors/io/registry_http.hpp"

#include "actors/io/registry_publish.hpp"
#include "actors/io/registry_resolve.hpp"
#include "actors/io/registry_session.hpp"

#include <utility>

namespace ib::io {

namespace {

class registry_client_http : public registry_client {
public:
  registry_client_http(registry_settings settings, std::shared_ptr<credential_store> credentials,
                       registry_clock clock, std::shared_ptr<fault_points> faults,
                       std::shared_ptr<limit_board> limits)
      : core_(std::make_shared<registry_core>(std::move(settings), std::move(credentials), std::move(clock),
                                              std::move(faults))) {
    core_->limits = std::move(limits);
  }
  ~registry_client_http() override { core_->http->stop(); }

  void resolve(registry_lookup lookup, std::function<void(result<found_image>)> done) override {
    run<found_image>(&resolve_image, std::move(lookup), std::move(done));
  }
  void head(registry_lookup lookup, std::function<void(result<found_image>)> done) override {
    run<found_image>(&head_image, std::move(lookup), std::move(done));
  }
  void publish(publish_order order, std::function<void(result<published_image>)> done) override {
    run<published_image>(&publish_image, std::move(order), std::move(done));
  }

private:
  /// Starts an operation on the client's thread.
  template <class T, class Order>
  void run(task<result<T>> (*operation)(std::shared_ptr<registry_core>, Order), Order order,
           std::function<void(result<T>)> done) {
    core_->http->post(
        [core = core_, operation, order = std::move(order), done = std::move(done)](bool alive) {
          if (!alive) return done(error{error_code::cancelled, "the registry client has stopped"});
          start<T>(operation(core, order), done);
        });
  }

  std::shared_ptr<registry_core> core_;
};

} // namespace

std::shared_ptr<registry_client> make_registry_client(registry_settings settings,
                                                      std::shared_ptr<credential_store> credentials,
                                                      registry_clock clock,
                                                      std::shared_ptr<fault_points> faults,
                                                      std::shared_ptr<limit_board> limits) {
  return std::make_shared<registry_client_http>(std::move(settings), std::move(credentials), std::move(clock),
                                                std::move(faults), std::move(limits));
}

} // namespace ib::io
