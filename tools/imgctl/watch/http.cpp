#include "tools/imgctl/watch/http.hpp"

#include "tools/imgctl/text.hpp"

#include <curl/curl.h>

#include <array>
#include <mutex>
#include <poll.h>

namespace ib::imgctl {
namespace {

constexpr long connect_seconds = 5;
/// For an answer as a whole; thousands of actors take a moment.
constexpr std::chrono::seconds answer_patience{30};
constexpr size_t largest_answer = 64 << 20;
constexpr size_t shown_of_a_refusal = 200;

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

bool is_loopback(const std::string& url) {
  for (const char* host : {"://127.", "://localhost", "://[::1]"})
    if (url.find(host) != std::string::npos) return true;
  return false;
}

size_t take(char* bytes, size_t, size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + count > largest_answer) return 0;
  text.append(bytes, count);
  return count;
}

} // namespace

struct http_stream::parts {
  CURL* easy = nullptr;
  CURLM* multi = nullptr;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> words{};
  std::string bytes;
  std::string fault;
  long status = 0;
  bool ended = false;

  void end(CURLcode code) {
    ended = true;
    if (code == CURLE_OK) return;
    fault = words[0] != '\0' ? words.data() : curl_easy_strerror(code);
  }
};

http_stream::http_stream(const debug_place& from, const std::string& path)
    : parts_(std::make_unique<parts>()) {
  start_curl();
  auto& p = *parts_;
  p.easy = curl_easy_init();
  p.multi = curl_multi_init();
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(p.easy, option, value); };
  set(CURLOPT_URL, (from.url + path).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &p.bytes);
  set(CURLOPT_ERRORBUFFER, p.words.data());
  // http_proxy is about other hosts.
  if (is_loopback(from.url)) set(CURLOPT_PROXY, "");
  if (!from.token.empty()) {
    p.headers = curl_slist_append(nullptr, ("Authorization: Bearer " + from.token).c_str());
    set(CURLOPT_HTTPHEADER, p.headers);
  }
  if (!from.tls.ca.empty()) set(CURLOPT_CAINFO, from.tls.ca.c_str());
  if (!from.tls.certificate.empty()) set(CURLOPT_SSLCERT, from.tls.certificate.c_str());
  if (!from.tls.key.empty()) set(CURLOPT_SSLKEY, from.tls.key.c_str());
  curl_multi_add_handle(p.multi, p.easy);
}

http_stream::~http_stream() {
  curl_multi_remove_handle(parts_->multi, parts_->easy);
  curl_easy_cleanup(parts_->easy);
  curl_multi_cleanup(parts_->multi);
  curl_slist_free_all(parts_->headers);
}

http_stream::turn http_stream::wait(std::string& into, std::chrono::milliseconds patience,
                                    const std::vector<int>& others) {
  auto& p = *parts_;
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    int running = 0;
    curl_multi_perform(p.multi, &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(p.multi, &left))
      if (message->msg == CURLMSG_DONE) p.end(message->data.result);
    curl_easy_getinfo(p.easy, CURLINFO_RESPONSE_CODE, &p.status);
    if (!p.bytes.empty()) {
      into += p.bytes;
      p.bytes.clear();
      return turn::bytes;
    }
    if (p.ended) return turn::ended;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (rest.count() <= 0) return turn::quiet;
    std::vector<curl_waitfd> watched;
    for (const int descriptor : others)
      watched.push_back({descriptor, CURL_WAIT_POLLIN, 0});
    curl_multi_poll(p.multi, watched.data(), static_cast<unsigned>(watched.size()),
                    static_cast<int>(rest.count()), nullptr);
    for (const auto& one : watched)
      if (one.revents != 0) return turn::quiet;
  }
}

long http_stream::status() const { return parts_->status; }

const std::string& http_stream::fault() const { return parts_->fault; }

outcome<std::string> ask(const debug_place& from, const std::string& path) {
  http_stream stream(from, path);
  std::string answer;
  const auto until = std::chrono::steady_clock::now() + answer_patience;
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto turn = stream.wait(answer, rest, {});
    if (turn == http_stream::turn::quiet)
      return explain_endpoint(from, 0, "no answer within " + std::to_string(answer_patience.count()) + " s",
                              "");
    if (answer.size() > largest_answer) return explain_endpoint(from, 0, "the answer is too large", "");
    if (turn == http_stream::turn::ended) break;
  }
  if (stream.status() == 200 && stream.fault().empty()) return answer;
  return explain_endpoint(from, stream.status(), stream.fault(), answer);
}

failure explain_endpoint(const debug_place& from, long status, const std::string& fault,
                         const std::string& said) {
  if (!fault.empty())
    return {
        exit_code::unavailable,
        "cannot reach the debug endpoint at " + from.url + ": " + one_line(fault) +
            "; is the service running, and is its debug.address this one (--debug-address)? It listens on "
            "its own machine's loopback unless told otherwise"};
  if (status == 401)
    return {exit_code::failed, from.token.empty()
                                   ? "the debug endpoint at " + from.url +
                                         " wants a token: give the file that debug.tokenFile names to "
                                         "--debug-token-file, or the token itself in IMGCTL_DEBUG_TOKEN"
                                   : "the debug endpoint at " + from.url + " refuses this token"};
  const auto words = one_line(said.substr(0, shown_of_a_refusal));
  if (status == 403)
    return {exit_code::failed, "the debug endpoint at " + from.url + " refuses to answer: " + words};
  return {exit_code::failed,
          "what answers at " + from.url + " is not the debug endpoint of an image-builder" +
              (status == 200
                   ? ""
                   : ": HTTP status " + std::to_string(status) + (words.empty() ? "" : ", " + words))};
}

} // namespace ib::imgctl
