#include "actors/io/bearer_token.hpp"
#include "actors/io/registry_failure.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(text_of(data, size));
  for (const auto& challenge : ib::io::parse_challenges(text))
    must(!challenge.scheme.empty(), "a challenge has a scheme");

  ib::io::http_headers headers;
  headers.add("WWW-Authenticate", text);
  headers.add("Retry-After", text);
  ib::io::known_challenge chosen;
  if (ib::io::choose_challenge(headers, chosen)) {
    must(chosen.basic || !chosen.realm.empty(), "a token service has a URL");
    ib::registry_credential credential;
    credential.identity_token = text;
    auto request =
        ib::io::token_request(chosen, ib::io::joined_scopes("repository:a:pull", chosen.scope), credential);
    must(request.body.find('\n') == std::string::npos, "a form has one line");
  }
  if (auto wait = ib::io::retry_after_ms(headers))
    must(*wait >= 0 && *wait <= 86'400'000, "a waiting time is at most a day");
  if (auto token = ib::io::parse_token(text)) {
    must(token->text.find_first_of("\r\n ") == std::string::npos, "a token is one word");
    must(token->lifetime.count() >= 0, "a token's time does not run backwards");
  }
  return 0;
}
