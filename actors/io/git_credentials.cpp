#include "actors/io/git_command.hpp"
#include "actors/io/http_download.hpp"

#include <algorithm>

namespace ib::io {

namespace {

constexpr uint64_t max_answer_bytes = 64 * 1024;
constexpr std::chrono::seconds answer_timeout{30};

/// "user:password", a line end after it allowed.
result<git_credentials> read_answer(std::string text, const std::string& field) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  auto colon = text.find(':');
  auto control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (colon == std::string::npos || control)
    return error{error_code::unauthenticated,
                 "the one-time URL of the git credentials did not answer with user:password", field};
  return git_credentials{text.substr(0, colon), text.substr(colon + 1)};
}

/// A URL that answered once refuses the next caller, so its refusals mean missing credentials.
error blame_credentials(error failure, const std::string& field) {
  if (failure.code == error_code::not_found || failure.code == error_code::permission_denied)
    failure.code = error_code::unauthenticated;
  failure.field = field;
  return failure;
}

/// On a thread of its own: a server that does not answer has half a minute.
result<std::string> ask_one_time_url(const std::string& url, const std::stop_token& stop) {
  std::string answer;
  http_download request;
  request.url = url;
  request.shown = "the git credentials from their one-time URL";
  request.max_bytes = max_answer_bytes;
  request.timeout = answer_timeout;
  request.on_body = [&](std::string_view bytes) {
    answer += bytes;
    return result<void>();
  };
  if (auto done = download(request, stop); !done) return done.error();
  return answer;
}

task<result<git_credentials>> fetch_one_time(std::string url, const checkout_place& place,
                                             std::string field) {
  auto* known = place.settings.answers.get();
  if (known != nullptr && known->contains(url)) co_return read_answer(known->at(url), field);
  auto asking = place.threads.on_own_thread([&url, &place] { return ask_one_time_url(url, place.stop); });
  auto answer = co_await asking;
  if (!answer) co_return blame_credentials(answer.error(), field);
  if (known != nullptr) (*known)[url] = *answer;
  if (place.settings.on_answer) {
    auto keeping = place.settings.on_answer(url, *answer);
    auto kept = co_await keeping;
    if (!kept) co_return kept.error();
  }
  co_return read_answer(std::move(*answer), field);
}

} // namespace

task<result<git_credentials>> resolve_git_credentials(const git_auth& auth, const git_remote& remote,
                                                      const checkout_place& place, std::string field) {
  git_credentials found;
  switch (auth.method) {
  case git_auth::kind::none:
    found = {remote.user, remote.password};
    break;
  case git_auth::kind::basic:
    found = {auth.user, auth.password};
    break;
  case git_auth::kind::basic_one_time: {
    auto fetching = fetch_one_time(auth.one_time_url, place, std::move(field));
    auto fetched = co_await fetching;
    co_return fetched;
  }
  }
  co_return found;
}

} // namespace ib::io
