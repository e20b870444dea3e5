#pragma once

#include "actors/domain/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ib::http {

using fields = std::vector<std::pair<std::string, std::string>>;

/// A request whose head and body have come in whole.
struct request {
  std::string method;
  std::vector<std::string> path; ///< its segments, percent-decoded: "/a/b%2Fc" is {"a", "b/c"}
  std::map<std::string, std::string, std::less<>> query;
  std::map<std::string, std::string, std::less<>> parts; ///< what the route's {names} stand for
  fields headers;                                        ///< as they came
  std::string body;

  /// The value of the first header of this name, whatever its case; null where there is none.
  const std::string* header(std::string_view name) const;
};

/// A whole answer, or the head of a streamed one (its body is left out then).
struct response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  fields headers;
};

/// An answer of one line of plain words.
response plain(int status, std::string_view words);
/// An answer of JSON text.
response json_answer(std::string text, int status = 200);

/// The words that belong to a status code.
std::string_view reason(int status);

/// Splits and decodes a request's target into `path` and `query`. invalid_argument for one that is not a
/// path.
result<void> read_target(std::string_view target, request& into);

/// The head of an answer as it goes over the wire; `framing` says how its body ends.
std::string head_text(const response& answer, std::string_view framing, bool keep_alive);

} // namespace ib::http
