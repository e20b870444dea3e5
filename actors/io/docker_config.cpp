#include "actors/io/docker_config.hpp"

#include "actors/io/helper_pool.hpp"
#include "actors/io/log.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

constexpr size_t max_file_bytes = 4'194'304;

/// What docker calls its hub when it speaks to a helper.
constexpr const char* legacy_hub_key = "https://index.docker.io/v1/";

/// What tells one version of a file from the next.
struct file_stamp {
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  int64_t size = -1;
  uint64_t inode = 0;
  uint64_t device = 0;
  bool operator==(const file_stamp&) const = default;
};

file_stamp stamp_of(const struct stat& status) {
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino, status.st_dev};
}

struct config_version {
  file_stamp stamp;
  docker_config config;
};

error unreadable(const std::string& file, const char* cause) {
  return {error_code::not_found, "cannot read the Docker config file " + file + ": " + cause};
}

/// Reads a whole open file, at most max_file_bytes of it.
bool read_all(int descriptor, std::string& text) {
  char buffer[16 * 1024];
  while (text.size() <= max_file_bytes) {
    auto count = ::read(descriptor, buffer, sizeof buffer);
    if (count == 0) return true;
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  errno = EFBIG;
  return false;
}

result<config_version> load(const std::string& file) {
  int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return unreadable(file, std::strerror(errno));
  struct stat status {};
  std::string text;
  bool whole = ::fstat(descriptor, &status) == 0 && read_all(descriptor, text);
  auto cause = errno;
  ::close(descriptor);
  if (!whole) return unreadable(file, std::strerror(cause));
  auto config = parse_docker_config(text);
  if (!config) return with_context(config.error(), "cannot use the Docker config file " + file);
  return config_version{stamp_of(status), std::move(*config)};
}

class docker_config_source : public credential_source {
public:
  docker_config_source(std::string file, config_version first, helper_settings helpers)
      : file_(std::move(file)),
        helpers_(std::move(helpers)),
        current_(std::make_shared<const config_version>(std::move(first))) {}

  void find(const std::string& domain, std::function<void(result<registry_credential>)> done) override {
    auto version = refreshed();
    auto helper = version->config.helper_for(domain);
    auto written = version->config.credential_for(domain);
    if (helper.empty()) return done(std::move(written));
    auto server = domain == "docker.io" ? std::string(legacy_hub_key) : domain;
    pool()->ask(std::move(helper), std::move(server),
                [written = std::move(written), done = std::move(done)](result<registry_credential> found) {
                  done(found && found->empty() ? written : std::move(found));
                });
  }

private:
  /// Its threads are started when the first helper is needed.
  std::shared_ptr<helper_pool> pool() {
    auto started = pool_.load();
    if (started) return started;
    auto fresh = std::make_shared<helper_pool>(helpers_);
    return pool_.compare_exchange_strong(started, fresh) ? fresh : started;
  }

  std::shared_ptr<const config_version> refreshed() {
    auto version = current_.load();
    struct stat status {};
    auto stamp = ::stat(file_.c_str(), &status) == 0 ? stamp_of(status) : file_stamp{};
    if (stamp == version->stamp) return version;
    config_version next{stamp, version->config};
    auto loaded = load(file_);
    if (loaded)
      next = std::move(*loaded);
    else // kept under the broken file's stamp, so that each broken version is logged once
      log_error("the Docker config file has changed and cannot be used; its last good version stays",
                {{"cause", loaded.error().message}});
    auto fresh = std::make_shared<const config_version>(std::move(next));
    current_.store(fresh);
    return fresh;
  }

  const std::string file_;
  const helper_settings helpers_;
  std::atomic<std::shared_ptr<const config_version>> current_;
  std::atomic<std::shared_ptr<helper_pool>> pool_;
};

} // namespace

result<std::shared_ptr<credential_source>> make_docker_config_source(const std::string& file,
                                                                     helper_settings helpers) {
  auto first = load(file);
  if (!first) return first.error();
  return std::shared_ptr<credential_source>(
      std::make_shared<docker_config_source>(file, std::move(*first), std::move(helpers)));
}

} // namespace ib::io
