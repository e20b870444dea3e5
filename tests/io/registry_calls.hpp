#pragma once

#include "actors/io/registry_http.hpp"
#include "tests/support/http_calls.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace ib::test {

/// A registry client whose answers are waited for.
class registry_calls {
public:
  /// `file` may be null: no credentials of the service's own. Its repositories are in own.example.com.
  explicit registry_calls(registry_settings settings = {},
                          std::shared_ptr<io::credential_source> file = nullptr,
                          io::registry_clock clock = {})
      : client_(io::make_registry_client(
            std::move(settings),
            std::make_shared<io::credential_store>(auth_policy("own.example.com", "own.example.com"),
                                                   std::move(file), nullptr),
            std::move(clock))) {}

  result<io::found_image> resolve(io::registry_lookup lookup) {
    return answer_of<io::found_image>(
        [&](auto done) { client_->resolve(std::move(lookup), std::move(done)); });
  }
  result<io::found_image> head(io::registry_lookup lookup) {
    return answer_of<io::found_image>([&](auto done) { client_->head(std::move(lookup), std::move(done)); });
  }
  result<io::published_image> publish(io::publish_order order) {
    return answer_of<io::published_image>(
        [&](auto done) { client_->publish(std::move(order), std::move(done)); });
  }
  std::shared_ptr<io::registry_client> client() const { return client_; }

private:
  std::shared_ptr<io::registry_client> client_;
};

/// A clock that stands still until the test moves it; it starts at 2024-01-02T03:04:05Z.
class test_clock {
public:
  void advance(std::chrono::milliseconds by) { now_ += by.count(); }
  io::registry_clock clock() {
    return {[this] { return std::chrono::steady_clock::time_point(std::chrono::milliseconds(now_.load())); },
            [this] {
              return std::chrono::system_clock::time_point(
                  std::chrono::milliseconds(1'704'164'645'000 + now_.load()));
            }};
  }

private:
  std::atomic<int64_t> now_{0};
};

/// A source that answers with one credential for one domain.
class fixed_credential : public io::credential_source {
public:
  fixed_credential(std::string domain, registry_credential credential)
      : domain_(std::move(domain)), credential_(std::move(credential)) {}
  void find(const std::string& domain, std::function<void(result<registry_credential>)> done) override {
    done(domain == domain_ ? credential_ : registry_credential{});
  }

private:
  std::string domain_;
  registry_credential credential_;
};

/// What a request may use that is allowed everything.
inline request_auth all_allowed() {
  request_auth auth;
  auth.mode = request_auth::kind::total;
  auth.allow_all = true;
  return auth;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace ib::test
