#include "gateway/debug/debug_server.hpp"

#include "actors/io/file_text.hpp"
#include "actors/io/log.hpp"
#include "config/addresses.hpp"
#include "gateway/debug/page.hpp"
#include "gateway/http/secret.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace ib {

namespace {

constexpr std::chrono::seconds beat{1};
/// Fifteen minutes of points.
constexpr unsigned beats_per_sample = 5;
constexpr size_t series_points = 15 * 60 / beats_per_sample;
constexpr size_t longest_reason = 500;

/// Everything the page needs comes from here, and it talks to nobody else.
const char* const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                           "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::response asset(std::string type, std::string_view text) {
  http::response answer{200, std::move(type), std::string(text), {}};
  answer.headers.emplace_back("Content-Security-Policy", policy);
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  return answer;
}

/// The page itself holds nothing of the service; it asks for a token where one is needed.
void serve_page(http::router& routes) {
  auto file = [&](const char* path, const char* type, std::string_view text) {
    routes.get(path, [=](const auto&, const auto& to) { to->answer(asset(type, text)); });
  };
  file("/", "text/html; charset=utf-8", page_html);
  file("/page.css", "text/css; charset=utf-8", page_css);
  const char* script = "text/javascript; charset=utf-8";
  file("/page.js", script, page_js);
  file("/feed.js", script, feed_js);
  file("/list.js", script, list_js);
  file("/words.js", script, words_js);
  file("/log.js", script, log_js);
  file("/builds.js", script, builds_js);
  file("/machine.js", script, machine_js);
  file("/actors.js", script, actors_js);
}

result<std::string> read_token(const std::string& path) {
  if (path.empty()) return std::string();
  auto token = io::text_of_file(path);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r'))
    token.pop_back();
  if (token.empty())
    return error{error_code::failed_precondition, "there is no token in " + path, "debug.tokenFile", {}};
  return token;
}

uint64_t offset_of(const http::request& asked) {
  auto from = asked.query.find("from");
  return from == asked.query.end() ? 0 : std::strtoull(from->second.c_str(), nullptr, 10);
}

const std::string& part(const http::request& asked, const char* name) {
  return asked.parts.find(name)->second;
}

} // namespace

result<std::unique_ptr<debug_server>> debug_server::start(const config::debug_settings& settings,
                                                          caf::actor_system& system, debug_sources from) {
  if (settings.address == config::off) return std::unique_ptr<debug_server>();
  auto token = read_token(settings.token_file);
  if (!token) return token.error();
  http::limits few;
  few.connections = 128;
  few.streams = 96;
  auto listening = http::server::listen({settings.address, {}}, "debug", few);
  if (!listening) return listening.error();
  auto feed = std::make_shared<debug_feed>(std::move(from), series_points);
  std::unique_ptr<debug_server> started(
      new debug_server(system, feed, std::move(*token), settings.allow_cancel));
  started->server_ = std::move(*listening);
  started->server_->serve(started->routes());
  started->clock_ =
      std::make_unique<ticker>(beat, "the debug endpoint cannot look around",
                               [feed, count = 0U]() mutable { feed->beat(count++ % beats_per_sample == 0); });
  io::log_info("serving debug", {{"address", started->server_->address()}});
  return started;
}

debug_server::debug_server(caf::actor_system& system, std::shared_ptr<debug_feed> feed, std::string token,
                           bool allow_cancel)
    : questions_(system), feed_(std::move(feed)), token_(std::move(token)), allow_cancel_(allow_cancel) {}

http::router debug_server::routes() {
  http::router routes;
  const auto& from = feed_->sources();
  serve_page(routes);
  auto json = [&](const char* path, auto make) {
    routes.get(path, guarded([make](const auto&, const auto& to) { to->answer(http::json_answer(make())); }));
  };
  json("/debug/state", [&from] { return state_json(from); });
  json("/debug/actors", [feed = feed_] { return rows_json(actor_rows(feed->sources())); });
  json("/debug/running", [&from] { return rows_json(build_rows(from)); });
  json("/debug/resolver", [&from] { return resolver_json(from); });
  json("/debug/journal", [&from] { return storage_json(from); });
  json("/debug/config", [&from] { return from.configuration(); });
  json("/debug/series", [feed = feed_] { return series_json(feed->series().read()); });
  json("/debug/may",
       [this] { return std::string(allow_cancel_ ? R"({"cancel":true})" : R"({"cancel":false})"); });
  routes.get("/debug/cache", guarded([this](const auto&, const auto& to) { questions_.list_cached(to); }));
  routes.get("/debug/builds",
             guarded([this](const auto& asked, const auto& to) { questions_.list_builds(asked, to); }));
  routes.get("/debug/builds/{id}", guarded([this](const auto& asked, const auto& to) {
               questions_.describe_build(part(asked, "id"), to);
             }));
  routes.get("/debug/builds/{id}/log", guarded([this](const auto& asked, const auto& to) {
               questions_.follow_log(part(asked, "id"), offset_of(asked), to);
             }));
  routes.on("POST", "/debug/builds/{id}/cancel",
            guarded([this](const auto& asked, const auto& to) { cancel(asked, to); }));
  routes.get("/debug/events", guarded([feed = feed_](const auto&, const auto& to) {
               to->stream({200, "text/event-stream", {}, {}}, std::make_unique<event_stream>(feed));
             }));
  return routes;
}

debug_server::handler debug_server::guarded(handler to) const {
  return [this, to = std::move(to)](const http::request& asked, const http::reply_ptr& reply) {
    if (may_look(asked, reply)) to(asked, reply);
  };
}

bool debug_server::may_look(const http::request& asked, const http::reply_ptr& to) const {
  if (!token_.empty()) {
    if (http::bears(asked, token_)) return true;
    auto refusal = http::plain(401, "a token is needed (Authorization: Bearer)");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    to->answer(std::move(refusal));
    return false;
  }
  // A page of elsewhere can make a browser here send requests, by a name of its own that leads to the
  // loopback.
  const auto* host = asked.header("host");
  auto name = host == nullptr ? std::string() : *host;
  if (name.find(':') == std::string::npos || name.ends_with(']')) name += ":0";
  if (config::is_loopback_address(name)) return true;
  to->answer(http::plain(403, "ask for localhost or an address of the loopback"));
  return false;
}

void debug_server::cancel(const http::request& asked, const http::reply_ptr& to) const {
  if (!allow_cancel_) return to->answer(http::plain(403, "debug.allowCancel is not set"));
  // A form of another page cannot send this type without asking first.
  const auto* type = asked.header("content-type");
  auto wish = nlohmann::json::parse(asked.body, nullptr, false);
  bool good = type != nullptr && type->starts_with("application/json") && wish.is_object() &&
              wish.contains("reason") && wish["reason"].is_string();
  if (!good) return to->answer(http::plain(400, R"(send {"reason": "..."} as application/json)"));
  auto reason = wish["reason"].get<std::string>();
  if (reason.empty() || reason.size() > longest_reason)
    return to->answer(http::plain(400, "the reason must have 1 to 500 bytes"));
  questions_.cancel_build(part(asked, "id"), reason, to);
}

} // namespace ib
