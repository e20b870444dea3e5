#include "actors/io/checkout.hpp"
#include "actors/io/context_path.hpp"

#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

result<fs::path> locate_dockerfile(const std::string& text, const fs::path& root) {
  const std::string field = "source.file.dockerfile_path";
  auto path = relative_path(text, workspace_prefix::dropped, field);
  if (!path) return path;
  auto relative = *path == "." ? fs::path("Dockerfile") : *path;
  auto file = resolve_below(root, relative, field);
  if (!file) return file;
  std::error_code failed;
  auto status = fs::status(*file, failed);
  if (!fs::exists(status))
    return error{error_code::not_found, "there is no Dockerfile \"" + relative.string() + "\" in the context",
                 field};
  if (!fs::is_regular_file(status)) return bad_field(field, "\"" + relative.string() + "\" is not a file");
  return file;
}

result<fs::path> locate_context(const std::string& text, const fs::path& root) {
  const std::string field = "source.file.context_path";
  auto path = relative_path(text, workspace_prefix::dropped, field);
  if (!path) return path;
  auto folder = resolve_below(root, *path, field);
  if (!folder) return folder;
  std::error_code failed;
  auto status = fs::status(*folder, failed);
  if (!fs::exists(status))
    return error{error_code::not_found,
                 "there is no folder \"" + path->string() + "\" for the build's context", field};
  if (!fs::is_directory(status)) return bad_field(field, "\"" + path->string() + "\" is not a folder");
  return folder;
}

/// The folder in which the request places the Dockerfile, not the one a link of that name leads to.
std::string folder_of(const std::string& dockerfile_path) {
  auto path = relative_path(dockerfile_path, workspace_prefix::dropped, {});
  auto parent = path ? path->parent_path() : fs::path();
  return parent.empty() ? "." : parent.string();
}

} // namespace

result<build_paths> locate_build_paths(const dockerfile_source& source, const fs::path& context_root) {
  std::error_code failed;
  auto root = fs::canonical(context_root, failed);
  if (failed) return error{error_code::internal, "the context folder cannot be used: " + failed.message()};
  auto dockerfile = locate_dockerfile(source.dockerfile_path, root);
  if (!dockerfile) return dockerfile.error();
  auto context = locate_context(
      source.context_path.empty() ? folder_of(source.dockerfile_path) : source.context_path, root);
  if (!context) return context.error();
  return build_paths{*dockerfile, *context};
}

} // namespace ib::io
