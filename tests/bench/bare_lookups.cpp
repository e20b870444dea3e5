#include "tests/bench/bare_lookups.hpp"

#include "actors/io/image_manifest.hpp"

#include <algorithm>
#include <curl/curl.h>

namespace ib::test {

namespace {

size_t ignore(char*, size_t size, size_t count, void*) { return size * count; }

bool was_found(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status == 200;
}

} // namespace

size_t bare_lookups(const std::vector<std::string>& urls, size_t in_flight) {
  auto* fields = curl_slist_append(nullptr, (std::string("Accept: ") + io::manifest_accept).c_str());
  auto* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(in_flight));
  std::vector<CURL*> handles;
  size_t next = 0;
  auto start = [&](CURL* handle) {
    curl_easy_setopt(handle, CURLOPT_URL, urls[next++].c_str());
    curl_multi_add_handle(multi, handle);
  };
  for (size_t i = 0; i < std::min(in_flight, urls.size()); ++i) {
    auto* handle = handles.emplace_back(curl_easy_init());
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &ignore);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &ignore);
    start(handle);
  }
  size_t found = 0;
  for (int running = 1; running > 0;) {
    curl_multi_perform(multi, &running);
    int left = 0;
    while (auto* message = curl_multi_info_read(multi, &left)) {
      auto* handle = message->easy_handle;
      found += was_found(handle);
      curl_multi_remove_handle(multi, handle);
      if (next == urls.size()) continue;
      start(handle);
      running = 1;
    }
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 1'000, nullptr);
  }
  for (auto* handle : handles)
    curl_easy_cleanup(handle);
  curl_multi_cleanup(multi);
  curl_slist_free_all(fields);
  return found;
}

} // namespace ib::test
