#include "tools/imgctl/watch/trial.hpp"

#include <curl/curl.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace ib::imgctl {
namespace {

constexpr long patience_ms = 5000;

std::string in_ms(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", seconds * 1000);
  return text.data();
}

/// One attempt; gone with its connection.
class attempt {
public:
  explicit attempt(const std::string& url) : easy_(curl_easy_init()) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, patience_ms);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_ERRORBUFFER, words_.data());
  }
  ~attempt() { curl_easy_cleanup(easy_); }
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  trial run() {
    const auto code = curl_easy_perform(easy_);
    if (code != CURLE_OK) return {words_[0] != '\0' ? words_.data() : curl_easy_strerror(code), "", {}};
    const char* address = nullptr;
    double seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(easy_, CURLINFO_CONNECT_TIME, &seconds);
    return {"", std::string(address == nullptr ? "" : address) + " in " + in_ms(seconds), days_left()};
  }

private:
  /// Of the peer's own certificate, the first of its chain.
  std::optional<int64_t> days_left() const {
    curl_certinfo* chain = nullptr;
    if (curl_easy_getinfo(easy_, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
        chain->num_of_certs < 1)
      return std::nullopt;
    constexpr std::string_view name = "Expire date:";
    for (const auto* one = chain->certinfo[0]; one != nullptr; one = one->next) {
      if (std::strncmp(one->data, name.data(), name.size()) != 0) continue;
      std::tm when{};
      if (::strptime(one->data + name.size(), "%b %d %H:%M:%S %Y", &when) == nullptr) return std::nullopt;
      constexpr int64_t day = 24 * 60 * 60;
      return (::timegm(&when) - std::time(nullptr)) / day;
    }
    return std::nullopt;
  }

  CURL* easy_;
  std::array<char, CURL_ERROR_SIZE> words_{};
};

} // namespace

trial try_connection(const std::string& address) { return attempt("http://" + address).run(); }

trial try_tls(const std::string& address, const tls_options& tls) {
  const auto port = address.substr(address.rfind(':'));
  const auto name = tls.server_name.empty() ? address : tls.server_name + port;
  attempt one("https://" + name);
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> elsewhere(
      curl_slist_append(nullptr, (name + ":" + address).c_str()), curl_slist_free_all);
  if (name != address) one.set(CURLOPT_CONNECT_TO, elsewhere.get());
  one.set(CURLOPT_CAINFO, tls.ca.c_str());
  if (!tls.certificate.empty()) one.set(CURLOPT_SSLCERT, tls.certificate.c_str());
  if (!tls.key.empty()) one.set(CURLOPT_SSLKEY, tls.key.c_str());
  one.set(CURLOPT_CERTINFO, 1L);
  return one.run();
}

bool speaks_tls(const std::string& address) {
  attempt one("https://" + address);
  one.set(CURLOPT_SSL_VERIFYPEER, 0L);
  one.set(CURLOPT_SSL_VERIFYHOST, 0L);
  return one.run().fault.empty();
}

} // namespace ib::imgctl
