#include "actors/io/git_errors.hpp"

#include <array>
#include <optional>

namespace ib::io {

namespace {

struct pattern {
  std::string_view text;
  error_code code;
};

/// First match in this order wins, so the telling ones come before those that follow from them: "could not
/// read from remote repository" ends nearly every failure of ssh. Words of git 2.30 to 2.47, libcurl and
/// OpenSSH.
constexpr std::array<pattern, 41> patterns{{
    {"Authentication failed for", error_code::unauthenticated},
    {"could not read Username", error_code::unauthenticated},
    {"could not read Password", error_code::unauthenticated},
    {"terminal prompts disabled", error_code::unauthenticated},
    {"Permission denied (", error_code::unauthenticated},
    {"returned error: 401", error_code::unauthenticated},
    {"returned error: 403", error_code::permission_denied},
    {"returned error: 429", error_code::too_many_requests},
    {"returned error: 5", error_code::unavailable},
    {"Host key verification failed", error_code::unavailable},
    {"Could not resolve host", error_code::unavailable},
    {"unable to look up", error_code::unavailable},
    {"Failed to connect", error_code::unavailable},
    {"unable to connect", error_code::unavailable},
    {"Couldn't connect", error_code::unavailable},
    {"Connection refused", error_code::unavailable},
    {"Connection reset", error_code::unavailable},
    {"Connection timed out", error_code::unavailable},
    {"Connection closed", error_code::unavailable},
    {"Operation timed out", error_code::unavailable},
    {"Operation too slow", error_code::unavailable},
    {"Empty reply from server", error_code::unavailable},
    {"No route to host", error_code::unavailable},
    {"Network is unreachable", error_code::unavailable},
    {"certificate", error_code::unavailable},
    {"gnutls_handshake", error_code::unavailable},
    {"SSL_", error_code::unavailable},
    {"No space left on device", error_code::resource_exhausted},
    {"not allowed", error_code::invalid_argument},
    {"protocol is not supported", error_code::invalid_argument},
    {"would be overwritten by checkout", error_code::invalid_argument},
    {"couldn't find remote ref", error_code::not_found},
    {"Repository not found", error_code::not_found},
    {"repository not exported", error_code::not_found},
    {"does not appear to be a git repository", error_code::not_found},
    {"does not exist", error_code::not_found},
    {"' not found", error_code::not_found},
    {"did not contain", error_code::not_found},
    {"early EOF", error_code::unavailable},
    {"RPC failed", error_code::unavailable},
    {"hung up unexpectedly", error_code::unavailable},
}};

std::string_view line_around(std::string_view text, size_t position) {
  auto before = text.rfind('\n', position);
  auto begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', position) - begin);
}

/// The last line by which git said that it gives up, else the last line.
std::string_view last_words(std::string_view text) {
  auto fatal = text.rfind("fatal: ");
  if (fatal == std::string_view::npos) fatal = text.rfind("error: ");
  if (fatal != std::string_view::npos) return line_around(text, fatal);
  while (!text.empty() && text.back() == '\n')
    text.remove_suffix(1);
  return text.empty() ? text : line_around(text, text.size() - 1);
}

std::string_view without_level(std::string_view line) {
  for (std::string_view level : {"fatal: ", "error: "})
    if (line.substr(0, level.size()) == level) return line.substr(level.size());
  return line;
}

} // namespace

error git_failure(std::string_view messages, int exit_code, const std::string& subject) {
  for (const auto& known : patterns) {
    auto found = messages.find(known.text);
    if (found == std::string_view::npos) continue;
    return {known.code, subject + ": " + std::string(without_level(line_around(messages, found)))};
  }
  auto words = without_level(last_words(messages));
  auto cause = words.empty() ? "git ended with exit code " + std::to_string(exit_code) : std::string(words);
  return {error_code::internal, subject + ": " + cause};
}

} // namespace ib::io
