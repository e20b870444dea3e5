#pragma once

#include "actors/domain/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

enum class http_method : uint8_t { get, head, post, put, del };

struct http_header {
  std::string name;
  std::string value;
};

/// Header fields in the order they came; names compare without regard to case.
class http_headers {
public:
  void add(std::string name, std::string value);
  /// Replaces every field of that name by one.
  void set(const std::string& name, std::string value);
  void remove(std::string_view name);
  /// The first field's value, empty where there is none.
  std::string first(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

private:
  std::vector<http_header> fields_;
};

/// Amazon's signature, version 4, over method, URL, every header of the request and its body.
struct aws_signature {
  std::string region;
  std::string service;
  std::string access_key;
  std::string secret_key;
};

/// One request of http_client.
struct http_request {
  http_method method = http_method::get;
  std::string url; ///< http:// or https://
  http_headers headers;
  std::string body; ///< of POST and PUT
  std::optional<aws_signature> signature;
  std::string ca_file;   ///< PEM file trusted beside the system's CAs; empty for those alone
  std::string cert_file; ///< PEM file of a client certificate with its chain; empty for none
  std::string key_file;  ///< PEM file of its key; empty where cert_file holds it
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{15'000}; ///< with all redirects
  size_t max_body_bytes = 4'194'304;               ///< of the response
  std::stop_token stop;                            ///< nobody wants the answer any more: ends as `cancelled`
  /// Asked on the client's thread just before it is sent, which may be long after it was handed over (and
  /// again before it follows a redirect); an error is the answer, and nothing is sent.
  std::function<result<void>()> may_start;
};

/// A response of any status.
struct http_response {
  int status = 0;
  http_headers headers;
  std::string body;
  std::string url; ///< that answered, after redirects
};

/// `text` in a form that is safe as a value in a query or a form body.
std::string percent_encode(std::string_view text);

/// True where two ASCII texts differ at most in case.
bool same_word(std::string_view left, std::string_view right);

} // namespace ib::io
