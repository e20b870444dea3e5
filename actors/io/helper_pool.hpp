#pragma once

#include "actors/io/credential_helper.hpp"

#include <functional>
#include <memory>
#include <string>

namespace ib::io {

/// Runs credential helpers for callers that must not block: some at a time, the others wait their turn, and
/// who asks what is being asked already shares the answer. Thread-safe.
class helper_pool {
public:
  using callback = std::function<void(result<registry_credential>)>;

  explicit helper_pool(helper_settings settings);
  /// Ends the helpers that run; every callback has been called when it returns, except where a callback
  /// itself destroys the pool.
  ~helper_pool();
  helper_pool(const helper_pool&) = delete;
  helper_pool& operator=(const helper_pool&) = delete;

  /// See run_credential_helper; also resource_exhausted where too many wait. `done` is called exactly once,
  /// on a thread of the pool, which it must not block.
  void ask(std::string helper, std::string server, callback done);

private:
  struct core;
  std::shared_ptr<core> core_;
};

} // namespace ib::io
