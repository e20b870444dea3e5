#include "gateway/build_stream.hpp"

#include "actors/domain/utf8.hpp"
#include "gateway/wire.hpp"

#include <chrono>
#include <utility>

namespace ib {

namespace {

/// How long a first response waits to be complete. Long enough for ws-manager, short enough to be "at once".
constexpr std::chrono::milliseconds longest_wait_for_access{500};

builder::BuildStatus to_wire(build_status status) {
  switch (status) {
  case build_status::running:
    return builder::running;
  case build_status::success:
    return builder::done_success;
  case build_status::failure:
    return builder::done_failure;
  }
  return builder::unknown;
}

} // namespace

builder::BuildInfo build_info(const build_channel& channel, bool with_headers, bool access_comes_later) {
  const auto& identity = channel.identity();
  builder::BuildInfo info;
  info.set_ref(identity.workspace_ref);
  info.set_base_ref(identity.base_ref);
  info.set_build_id(identity.build_id);
  info.set_started_at(identity.created_ms / 1000);
  auto* latest = channel.latest();
  info.set_status(latest == nullptr ? builder::running : to_wire(latest->status));
  auto access = channel.access();
  if (!access && access_comes_later && !channel.ended()) return info;
  info.mutable_log_info()->set_url(access ? access->url : identity.log_url);
  if (with_headers)
    (*info.mutable_log_info()->mutable_headers())["x-gitpod-owner-token"] =
        access ? access->owner_token : identity.owner_token;
  return info;
}

void build_stream::join(channel_ptr channel) {
  joined_ = true;
  stream(std::move(channel));
}

void build_stream::answer_existing(const std::string& workspace_ref, const std::string& base_ref) {
  builder::BuildResponse response;
  response.set_status(builder::done_success);
  response.set_ref(workspace_ref);
  response.set_base_ref(base_ref);
  finish_with(serialize(response));
}

result<void> build_stream::begin(build_channel& channel) {
  cursor_ = channel.from_start();
  if (!waits_for_access()) return {};
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + longest_wait_for_access,
              [waited = waited_, weak = weak_from_this()](bool) {
                *waited = true;
                if (auto stream = weak.lock()) stream->wake();
              });
  return {};
}

bool build_stream::waits_for_access() const {
  return !greeted_ && access_comes_later() && !channel().access() && !channel().ended() && !*waited_;
}

std::function<bool()> build_stream::news_since_now() const {
  // Alive for as long as somebody asks: whoever parks holds the channel.
  const auto* what = &channel();
  // Before the first response: whatever ends the wait, also between the last look and this one.
  if (!greeted_) return [what, waited = waited_] { return what->access() || what->ended() || *waited; };
  return [what, cursor = *cursor_, told = told_access_] {
    auto ahead = cursor;
    return ahead.next() != nullptr || what->access() != told;
  };
}

const status_update* build_stream::next_update() {
  if (last_words_ != nullptr) return std::exchange(last_words_, nullptr);
  return terminal_sent_ ? nullptr : cursor_->next();
}

/// For who joins the newest step, where there is one before the end.
std::string build_stream::first_words() {
  const status_update* newest = nullptr;
  auto ahead = *cursor_;
  for (const auto* update = joined_ ? ahead.next() : nullptr;
       update != nullptr && update->status == build_status::running; update = ahead.next()) {
    newest = update;
    cursor_ = ahead;
  }
  return newest == nullptr ? "accepted" : newest->message;
}

bool build_stream::next(grpc::ByteBuffer& message, bool) {
  if (waits_for_access()) return false;
  bool news_of_access = !terminal_sent_ && channel().access() != told_access_;
  auto tell = [&](const status_update& update, bool ending = false) {
    told_access_ = channel().access();
    auto told = response(update, ending);
    log_told_ = log_told_ || (told.status() == builder::running && told.info().has_log_info());
    message = serialize(told);
    return true;
  };
  if (!std::exchange(greeted_, true)) return tell({build_status::running, first_words()});
  const auto* update = next_update();
  if (update != nullptr && update->status != build_status::running && !log_told_) {
    last_words_ = update;
    return tell({build_status::running, "ending"}, true);
  }
  if (update != nullptr) {
    terminal_sent_ = update->status != build_status::running;
    return tell(*update, terminal_sent_);
  }
  if (!news_of_access) return false;
  const auto* latest = channel().latest();
  return tell({build_status::running, latest == nullptr ? "accepted" : latest->message});
}

builder::BuildResponse build_stream::response(const status_update& update, bool ending) const {
  builder::BuildResponse response;
  response.set_ref(channel().identity().workspace_ref);
  response.set_base_ref(channel().identity().base_ref);
  response.set_status(to_wire(update.status));
  response.set_message(as_utf8(update.message));
  *response.mutable_info() = build_info(channel(), true, access_comes_later() && !ending);
  response.mutable_info()->set_status(to_wire(update.status));
  return response;
}

} // namespace ib
