#include "actors/metered_registry.hpp"

#include <prometheus/histogram.h>

#include <chrono>
#include <functional>
#include <utility>

namespace ib {

namespace {

class metered_registry final : public io::registry_client {
public:
  metered_registry(std::shared_ptr<io::registry_client> client, std::shared_ptr<metrics> meter)
      : client_(std::move(client)), meter_(std::move(meter)) {}

  void resolve(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    auto& seconds = meter_->registry(lookup.ref.domain).resolve_seconds;
    client_->resolve(std::move(lookup), timed(seconds, std::move(done)));
  }
  void head(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    auto& seconds = meter_->registry(lookup.ref.domain).head_seconds;
    client_->head(std::move(lookup), timed(seconds, std::move(done)));
  }
  void publish(io::publish_order order, std::function<void(result<io::published_image>)> done) override {
    auto& seconds = meter_->registry(order.to.domain).publish_seconds;
    client_->publish(std::move(order), timed(seconds, std::move(done)));
  }

private:
  /// The metrics live as long as a call that is to be timed.
  template <class T>
  std::function<void(result<T>)> timed(prometheus::Histogram& seconds, std::function<void(result<T>)> done) {
    return [meter = meter_, &seconds, began = std::chrono::steady_clock::now(),
            done = std::move(done)](result<T> answer) {
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      seconds.Observe(took.count());
      done(std::move(answer));
    };
  }

  std::shared_ptr<io::registry_client> client_;
  std::shared_ptr<metrics> meter_;
};

} // namespace

std::shared_ptr<io::registry_client> make_metered_registry(std::shared_ptr<io::registry_client> client,
                                                           std::shared_ptr<metrics> meter) {
  return std::make_shared<metered_registry>(std::move(client), std::move(meter));
}

} // namespace ib
