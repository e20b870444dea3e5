#include "actors/io/registry_trial.hpp"

#include "actors/io/http_url.hpp"
#include "actors/io/registry_session.hpp"

#include <future>
#include <utility>

namespace ib::io {

namespace {

using clock = registry_access::clock;
using std::chrono::milliseconds;

struct trial {
  reference repository;
  bool push = false;
};

error refused(const registry_access& access, const http_response& response) {
  auto cause = status_error(response);
  if (response.status == 403) cause.code = error_code::permission_denied;
  return describe(access.topic, std::move(cause));
}

/// Gives an upload back. Registries need not be able to: they forget it by themselves.
task<result<bool>> give_back(registry_access access, http_response opened) {
  auto location = resolve_url(opened.url, opened.headers.first("Location"));
  auto asked = parse_origin(opened.url);
  auto upload = location ? parse_origin(*location) : result<http_origin>(location.error());
  if (!asked || !upload || !(*asked == *upload)) co_return false;
  auto request = request_to(access, http_method::del, {});
  request.url = *location;
  auto sending = registry_send(std::move(access), std::move(request));
  auto response = co_await sending;
  co_return response && response->status < 300;
}

task<result<bool>> carry_out(std::shared_ptr<registry_core> core, trial what) {
  const auto& ref = what.repository;
  registry_topic topic{what.push ? "cannot push" : "cannot use the registry",
                       what.push ? ref.repository() : ref.domain,
                       ref.domain,
                       {}};
  auto deadline = clock::now() + milliseconds(core->settings.request_timeout_ms);
  request_auth own;
  own.mode = request_auth::kind::total;
  own.allow_all = true;
  auto purpose = what.push ? registry_purpose::own_image : registry_purpose::resolve;
  auto opening =
      open_access(core, endpoint_of(core->settings, ref.domain), {own, purpose}, std::move(topic), deadline);
  auto access = co_await opening;
  if (!access) co_return access.error();
  if (what.push) access->scope = "repository:" + ref.path + ":pull,push";
  auto path = what.push ? ref.path + "/blobs/uploads/" : std::string();
  auto sending =
      registry_send(*access, request_to(*access, what.push ? http_method::post : http_method::get, path));
  auto response = co_await sending;
  if (!response) co_return describe(access->topic, response.error());
  if (response->status != (what.push ? 202 : 200)) co_return refused(*access, *response);
  if (what.push) {
    auto returning = give_back(*access, *response);
    [[maybe_unused]] auto returned = co_await returning;
  }
  co_return true;
}

/// Runs a trial on the client's thread and waits for its end, which the client's own timeouts bring about.
result<void> wait_for(const std::shared_ptr<registry_core>& core, trial what) {
  auto promise = std::make_shared<std::promise<result<bool>>>();
  auto answer = promise->get_future();
  core->http->post([core, what = std::move(what), promise](bool alive) {
    if (!alive)
      return promise->set_value(error{error_code::cancelled, "the registry client has stopped", "", {}});
    start<bool>(carry_out(core, what), [promise](result<bool> done) { promise->set_value(std::move(done)); });
  });
  auto done = answer.get();
  return done ? result<void>() : done.error();
}

} // namespace

registry_trial::registry_trial(registry_settings settings, std::shared_ptr<credential_store> credentials)
    : core_(std::make_shared<registry_core>(std::move(settings), std::move(credentials), registry_clock(),
                                            nullptr)) {}

registry_trial::~registry_trial() { core_->http->stop(); }

result<void> registry_trial::greet(const std::string& domain) {
  return wait_for(core_, {{domain, "", "", ""}, false});
}

result<void> registry_trial::try_push(const reference& repository) {
  return wait_for(core_, {repository, true});
}

} // namespace ib::io
