#include "actors/domain/sha256.hpp"
#include "actors/io/checkout_parts.hpp"
#include "actors/io/context_path.hpp"
#include "actors/io/git_remote.hpp"
#include "actors/io/http_download.hpp"
#include "actors/io/unique_fd.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t max_file_bytes = 4ULL * 1024 * 1024 * 1024;

/// A new file in the folder of its final place; removed unless it was moved there.
class partial_file {
public:
  explicit partial_file(const fs::path& folder) : path_((folder / ".download-XXXXXX").string()) {
    fd_ = unique_fd(::mkostemp(path_.data(), O_CLOEXEC));
  }
  partial_file(const partial_file&) = delete;
  partial_file& operator=(const partial_file&) = delete;
  ~partial_file() {
    if (fd_) ::unlink(path_.c_str());
  }

  bool is_open() const { return static_cast<bool>(fd_); }

  result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      auto written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("cannot write the file");
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  /// Takes its final name: replaces a file or link of that name, and follows none.
  result<void> move_to(const fs::path& target) {
    if (::fchmod(fd_.get(), 0644) != 0 || ::rename(path_.c_str(), target.c_str()) != 0)
      return failure("cannot put the file in its place");
    fd_.reset();
    return {};
  }

private:
  static error failure(const std::string& what) {
    auto code = errno == ENOSPC || errno == EDQUOT ? error_code::resource_exhausted : error_code::internal;
    return {code, what + ": " + std::strerror(errno)};
  }

  std::string path_;
  unique_fd fd_;
};

error blaming(error failure, const std::string& field) {
  failure.field = field;
  return failure;
}

/// The folder and name of a download's final place: links in the folder's path are resolved, one of the
/// file's own name is not, since it is replaced.
result<fs::path> final_place(const fs::path& root, const download_initializer& download,
                             const download_file& file, const std::string& field) {
  auto folder = relative_path(download.target_location, workspace_prefix::kept, field);
  if (!folder) return folder.error();
  auto path = relative_path((*folder / file.file_path).string(), workspace_prefix::kept, field);
  if (!path) return path.error();
  auto parent = create_folder_below(root, path->parent_path(), field);
  if (!parent) return parent.error();
  if (touches_git_folder(parent->lexically_relative(root)))
    return bad_field(field, "nothing can be downloaded into a .git folder");
  auto target = *parent / path->filename();
  std::error_code failed;
  if (fs::is_directory(fs::symlink_status(target, failed)))
    return bad_field(field, "\"" + path->string() + "\" is a folder already");
  return target;
}

result<void> download_one(const download_initializer& files, const download_file& file,
                          const checkout_place& place, const std::string& field) {
  auto target = final_place(place.root, files, file, field + ".file_path");
  if (!target) return target.error();
  place.say("downloading " + shown_url(file.url));
  partial_file partial(target->parent_path());
  if (!partial.is_open())
    return error{error_code::internal,
                 "cannot create a file for " + shown_url(file.url) + ": " + std::strerror(errno)};

  sha256_stream digest;
  http_download request;
  request.url = file.url;
  request.shown = shown_url(file.url);
  request.max_bytes = max_file_bytes;
  request.allow_file = place.settings.allow_file_protocol;
  request.on_body = [&](std::string_view bytes) {
    digest.update(bytes);
    return partial.write(bytes);
  };
  auto done = download(request, place.stop);
  if (!done) return blaming(done.error(), field + ".url");
  auto found = "sha256:" + digest.finish_hex();
  if (!file.digest.empty() && found != file.digest)
    // Asked again it would be the same: the request names a digest that this URL does not have.
    return error{error_code::failed_precondition,
                 "the content of " + request.shown + " has digest " + found + ", not " + file.digest,
                 field + ".digest"};
  return partial.move_to(*target);
}

} // namespace

result<void> download_files(const download_initializer& download, const checkout_place& place,
                            const std::string& field) {
  auto folder = relative_path(download.target_location, workspace_prefix::kept, field + ".target_location");
  if (!folder) return folder.error();
  auto created = create_folder_below(place.root, *folder, field + ".target_location");
  if (!created) return created.error();
  for (size_t i = 0; i < download.files.size(); ++i) {
    auto at = field + ".files[" + std::to_string(i) + "]";
    if (auto done = download_one(download, download.files[i], place, at); !done) return done;
  }
  return {};
}

} // namespace ib::io
