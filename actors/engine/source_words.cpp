#include "actors/engine/source_words.hpp"

#include <string_view>

namespace ib {

namespace {

std::string without_user(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  auto host = scheme + 3;
  auto path = url.find('/', host);
  auto at = url.substr(0, path).rfind('@');
  if (at == std::string_view::npos || at < host) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(at + 1));
}

struct describe {
  std::string operator()(const empty_initializer&) const { return "preparing an empty context"; }
  std::string operator()(const git_initializer& git) const {
    return "cloning " + without_user(git.remote_uri);
  }
  std::string operator()(const download_initializer& download) const {
    return download.files.size() == 1 ? "downloading " + without_user(download.files.front().url)
                                      : "downloading " + std::to_string(download.files.size()) + " files";
  }
  std::string operator()(const prebuild_initializer& prebuild) const {
    return prebuild.git.size() == 1 ? (*this)(prebuild.git.front())
                                    : "cloning " + std::to_string(prebuild.git.size()) + " repositories";
  }
  std::string operator()(const composite_initializer& composite) const {
    std::string text;
    for (const auto& part : composite.parts)
      text += (text.empty() ? "" : ", ") + preparing_in_words(part);
    return text.empty() ? "preparing an empty context" : text;
  }
};

} // namespace

std::string preparing_in_words(const initializer& source) { return std::visit(describe{}, source.spec); }

} // namespace ib
