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

result<git_credentials> fetch_one_time(const git_auth& auth, const checkout_place& place,
                                       const std::string& field) {
  auto* known = place.settings.answers.get();
  if (known != nullptr && known->contains(auth.one_time_url))
    return read_answer(known->at(auth.one_time_url), field);
  std::string answer;
  http_download request;
  request.url = auth.one_time_url;
  request.shown = "the git credentials from their one-time URL";
  request.max_bytes = max_answer_bytes;
  request.timeout = answer_timeout;
  request.on_body = [&](std::string_view bytes) {
    answer += bytes;
    return result<void>();
  };
  auto done = download(request, place.stop);
  if (!done) return blame_credentials(done.error(), field);
  if (known != nullptr) (*known)[auth.one_time_url] = answer;
  if (place.settings.on_answer) place.settings.on_answer(auth.one_time_url, answer);
  return read_answer(std::move(answer), field);
}

} // namespace

result<git_credentials> resolve_git_credentials(const git_auth& auth, const git_remote& remote,
                                                const checkout_place& place, const std::string& field) {
  switch (auth.method) {
  case git_auth::kind::none:
    return git_credentials{remote.user, remote.password};
  case git_auth::kind::basic:
    return git_credentials{auth.user, auth.password};
  case git_auth::kind::basic_one_time:
    return fetch_one_time(auth, place, field);
  }
  return git_credentials{};
}

} // namespace ib::io
