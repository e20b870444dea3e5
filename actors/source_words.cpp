#include "actors/source_words.hpp"

namespace ib {

std::string without_user(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  auto host = scheme + 3;
  auto path = url.find('/', host);
  auto at = url.substr(0, path).rfind('@');
  if (at == std::string_view::npos || at < host) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(at + 1));
}

namespace {

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

struct name_origin {
  std::string operator()(const empty_initializer&) const { return "an empty context"; }
  std::string operator()(const git_initializer& git) const {
    return without_user(git.remote_uri) + (git.clone_target.empty() ? "" : ", " + git.clone_target);
  }
  std::string operator()(const download_initializer& download) const {
    return download.files.size() == 1 ? without_user(download.files.front().url)
                                      : std::to_string(download.files.size()) + " files";
  }
  std::string operator()(const prebuild_initializer& prebuild) const {
    return prebuild.git.empty() ? "an empty context" : (*this)(prebuild.git.front());
  }
  std::string operator()(const composite_initializer& composite) const {
    std::string text;
    for (const auto& part : composite.parts)
      text += (text.empty() ? "" : " and ") + std::visit(*this, part.spec);
    return text.empty() ? "an empty context" : text;
  }
};

} // namespace

std::string source_in_words(const build_source& source) {
  if (auto* image = std::get_if<reference_source>(&source)) return image->ref;
  const auto& file = std::get<dockerfile_source>(source);
  return std::visit(name_origin{}, file.source.spec) + ", " +
         (file.dockerfile_path.empty() ? "Dockerfile" : file.dockerfile_path);
}

std::string preparing_in_words(const initializer& source) { return std::visit(describe{}, source.spec); }

} // namespace ib
