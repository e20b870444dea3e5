#pragma once

#include "gateway/http/exchange.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ib::http {

/// Which handler a request goes to, by its method and path. Not changed any more once a server has it.
class router {
public:
  /// Runs on the server's thread and must not block; gives the reply an answer, now or later.
  using handler = std::function<void(const request&, const reply_ptr&)>;

  /// `pattern` is a path whose segments are words or {names}: "/builds/{id}/log". HEAD is served wherever GET
  /// is.
  router& on(std::string method, std::string_view pattern, handler to);
  router& get(std::string_view pattern, handler to) { return on("GET", pattern, std::move(to)); }

  /// Calls the handler; answers 404 where no path fits and 405 where only the method does not.
  void route(request& asked, const reply_ptr& to) const;

private:
  struct entry {
    std::string method;
    std::vector<std::string> segments;
    handler to;
  };
  static bool fits(const entry& candidate, request& asked);

  std::vector<entry> entries_;
};

} // namespace ib::http
