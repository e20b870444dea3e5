#pragma once

#include "actors/io/registry_client.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace ib::test {

/// Holds workers in their lookups until the test lets them go on; every image exists unless it is `missing`.
class holding_registry final : public io::registry_client {
public:
  void resolve(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    done(io::found_image{lookup.ref, ""});
  }
  void head(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    note(lookup.ref.to_string());
    released_.wait(false);
    if (fails) throw std::runtime_error("the registry client broke");
    if (missing) return done(error{error_code::not_found, "no image", "", {}});
    done(io::found_image{lookup.ref, ""});
  }
  void publish(io::publish_order, std::function<void(result<io::published_image>)> done) override {
    ++published;
    done(error{error_code::internal, "a fake", "", {}});
  }

  void wait_until_reached() const { wait_until_asked(1); }
  /// Until so many lookups have begun.
  void wait_until_asked(int count) const {
    for (auto now = asked.load(); now < count; now = asked.load())
      asked.wait(now);
  }
  long asked_for(const std::string& ref) const {
    std::lock_guard lock(mutex_);
    return std::count(refs_.begin(), refs_.end(), ref);
  }
  void release() {
    released_ = true;
    released_.notify_all();
  }
  std::atomic<bool> fails{false};
  std::atomic<bool> missing{false};
  std::atomic<int> published{0};
  std::atomic<int> asked{0};

private:
  void note(std::string ref) {
    {
      std::lock_guard lock(mutex_);
      refs_.push_back(std::move(ref));
    }
    ++asked;
    asked.notify_all();
  }

  mutable std::mutex mutex_;
  std::vector<std::string> refs_;
  std::atomic<bool> released_{false};
};

} // namespace ib::test
