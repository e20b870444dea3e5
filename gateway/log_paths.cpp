#include "gateway/log_paths.hpp"

#include "actors/names.hpp"
#include "gateway/find_build.hpp"
#include "gateway/gateway_actor.hpp"
#include "gateway/http/secret.hpp"
#include "gateway/log_body.hpp"

#include <caf/send.hpp>

#include <functional>
#include <utility>

namespace ib {

namespace {

/// The one terminal of a build.
constexpr const char* terminal = "build";

/// Where a build goes that does not run any more, or whose log is not in memory, on its way from the journal
/// to the client.
class found_build final : public channel_answer {
public:
  using service = std::function<void(channel_ptr, log_buffer::pin)>;
  found_build(http::reply_ptr to, service then) : to_(std::move(to)), then_(std::move(then)) {}

  void found(channel_ptr channel, log_buffer::pin log) override { then_(std::move(channel), std::move(log)); }
  void refuse(const error& why) override {
    to_->answer(http::plain(why.code == error_code::not_found ? 404 : 503, why.message));
  }

private:
  http::reply_ptr to_;
  service then_;
};

void refuse_token(const http::reply_ptr& to) {
  to->answer(http::plain(401, "the header x-gitpod-owner-token is missing or wrong"));
}

bool may_read(const http::request& asked, const build_channel& channel) {
  const auto* given = asked.header("x-gitpod-owner-token");
  return http::same_secret(given == nullptr ? std::string_view() : std::string_view(*given),
                           channel.identity().owner_token);
}

} // namespace

log_paths::log_paths(caf::actor_system& system, std::shared_ptr<running_builds_board> board,
                     std::shared_ptr<const std::atomic<bool>> draining, std::shared_ptr<metrics> meter)
    : system_(system), board_(std::move(board)), draining_(std::move(draining)), meter_(std::move(meter)) {}

void log_paths::add_to(http::router& routes) {
  routes.get("/builds/{build}/_supervisor/v1/status/tasks",
             [this](const auto& asked, const auto& to) { serve(asked, to, &log_paths::tasks, false); });
  routes.get("/builds/{build}/_supervisor/v1/terminal/listen/{terminal}",
             [this](const auto& asked, const auto& to) { serve(asked, to, &log_paths::listen, true); });
}

std::string log_paths::url(const std::string& base_url, const std::string& build_id) {
  return base_url + (base_url.ends_with('/') ? "builds/" : "/builds/") + build_id;
}

void log_paths::serve(const http::request& asked, const http::reply_ptr& to, service what,
                      bool reads_log) const {
  auto with_token = [this, asked, to, what](const channel_ptr& channel, const log_buffer::pin& log) {
    if (!may_read(asked, *channel)) return refuse_token(to);
    (this->*what)(asked, to, channel, log);
  };
  const auto& id = asked.parts.find("build")->second;
  if (id.empty()) return to->answer(http::plain(404, "the build's id is missing"));
  if (auto channel = find_running(*board_, id)) {
    auto log = reads_log ? channel->pin_log() : log_buffer::pin();
    // Nothing is brought back for who may not read it.
    if (!reads_log || log.reaches(0) || !may_read(asked, *channel)) return with_token(channel, log);
  }
  auto gateway = *draining_ ? gateway_actor() : find_actor<gateway_actor>(system_, names::gateway);
  if (!gateway) return to->answer(http::plain(503, "the service is starting or stopping; try again"));
  serve_channel question{id, "", std::make_shared<found_build>(to, std::move(with_token))};
  if (reads_log) question.log_from = 0;
  caf::anon_send(gateway, std::move(question));
}

void log_paths::tasks(const http::request&, const http::reply_ptr& to, const channel_ptr& channel,
                      const log_buffer::pin&) const {
  std::string state = channel->log().closed() ? "closed" : "running";
  to->answer(http::json_answer(R"({"result":{"tasks":[{"id":"build","state":")" + state +
                               R"(","terminal":")" + terminal + R"(","presentation":{"name":"build"}}]}})" +
                               "\n"));
}

void log_paths::listen(const http::request& asked, const http::reply_ptr& to, const channel_ptr& channel,
                       const log_buffer::pin& log) const {
  if (asked.parts.find("terminal")->second != terminal)
    return to->answer(http::plain(404, "this build has no such terminal"));
  to->stream({200, "application/json", {}, {}}, std::make_unique<log_body>(channel, log, draining_, meter_));
}

} // namespace ib
