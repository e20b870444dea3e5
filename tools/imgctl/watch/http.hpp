#pragma once

#include "tools/imgctl/outcome.hpp"
#include "tools/imgctl/places.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ib::imgctl {

/// An answer that comes piece by piece. One thread.
class http_stream {
public:
  /// Asks for `path` of the endpoint; nothing is sent before the first wait().
  http_stream(const debug_place& from, const std::string& path);
  ~http_stream();
  http_stream(const http_stream&) = delete;
  http_stream& operator=(const http_stream&) = delete;

  enum class turn { bytes, quiet, ended };
  /// Waits for more of the answer, at most for `patience` or until one of `others` can be read. `bytes`: some
  /// were appended to `into`; `ended`: it was the last of it, or the connection broke.
  turn wait(std::string& into, std::chrono::milliseconds patience, const std::vector<int>& others);

  /// Of the answer; 0 before there is one.
  long status() const;
  /// Why there is no answer or not all of it; empty where nothing went wrong.
  const std::string& fault() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// The whole answer, where its status is 200; else why there is none, in words for the user.
outcome<std::string> ask(const debug_place& from, const std::string& path);

/// Pure: what it means that the endpoint answered with `status`, or not at all because of `fault`. `said` is
/// the beginning of the answer.
failure explain_endpoint(const debug_place& from, long status, const std::string& fault,
                         const std::string& said);

} // namespace ib::imgctl
