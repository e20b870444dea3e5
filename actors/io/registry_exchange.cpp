#include "actors/io/registry_exchange.hpp"

#include "actors/io/http_await.hpp"
#include "actors/io/utc_time.hpp"

#include <algorithm>
#include <utility>

namespace ib::io {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

int64_t steady_ms(const registry_core& core) {
  return duration_cast<milliseconds>(core.clock.steady().time_since_epoch()).count();
}

std::string waiting(const registry_access& access, int64_t wait_ms) {
  auto now = duration_cast<milliseconds>(access.core->clock.wall().time_since_epoch()).count();
  return "waiting for " + access.endpoint.domain + " until " + utc_text(now + wait_ms);
}

/// No single request takes longer than a lookup may, whatever the deadline of the whole.
void bound(const registry_access& access, http_request& request) {
  const auto& settings = access.core->settings;
  auto left = duration_cast<milliseconds>(access.deadline - registry_access::clock::now());
  request.total_timeout = std::clamp(left, milliseconds(1), milliseconds(settings.request_timeout_ms));
  request.connect_timeout = std::min(milliseconds(settings.connect_timeout_ms), request.total_timeout);
}

/// Remembers a 429 and says what it means.
error limited(const registry_access& access, const http_response& response) {
  auto& core = *access.core;
  auto failure = status_error(response);
  const auto wait_ms = failure.retry_after_ms.value_or(core.settings.default_retry_after_ms);
  const auto now = steady_ms(core);
  core.governor.hold(access.endpoint.base_url, now + wait_ms, now);
  if (core.limits) core.limits->note(access.endpoint.domain, wait_ms);
  failure.retry_after_ms = wait_ms;
  failure.message += "; " + waiting(access, wait_ms);
  return failure;
}

/// An error while the registry is to be left alone.
result<void> left_alone(const registry_access& access) {
  const auto& core = *access.core;
  const auto left = core.governor.remaining_ms(access.endpoint.base_url, steady_ms(core));
  if (!left) return {};
  return error{
      error_code::too_many_requests, waiting(access, *left) + ", after it limited our requests", {}, *left};
}

} // namespace

task<result<http_response>> governed_exchange(registry_access access, http_request request) {
  auto& core = *access.core;
  if (core.faults) {
    auto fault = core.faults->next(fault_place::registry);
    if (fault.delay.count() > 0) {
      http_delay delay(*core.http, fault.delay);
      if (auto waited = co_await delay; !waited) co_return waited.error();
    }
    if (fault.failure) co_return *fault.failure;
  }
  bound(access, request);
  // While it waits for its turn another answer may ask for rest.
  request.may_start = [&access] { return left_alone(access); };
  http_exchange exchange(*core.http, std::move(request));
  auto response = co_await exchange;
  if (response && response->status == 429) co_return limited(access, *response);
  co_return response;
}

} // namespace ib::io
