#include "actors/io/docker_config.hpp"

#include "actors/io/log.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

using nlohmann::json;
using credential_map = std::map<std::string, registry_credential>;

constexpr size_t max_file_bytes = 4'194'304;

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
  credential_map credentials;
};

std::string member(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get_ref<const std::string&>() : std::string();
}

/// The domain a key of `auths` means.
std::string domain_of(std::string_view key) {
  if (auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  key = key.substr(0, key.find('/'));
  if (key == "index.docker.io" || key == "registry-1.docker.io") key = "docker.io";
  return std::string(key);
}

registry_credential credential_of(const json& entry) {
  registry_credential credential;
  if (auto encoded = member(entry, "auth"); !encoded.empty())
    credential = auth_policy::decode_additional({}, encoded);
  if (auto user = member(entry, "username"); !user.empty()) {
    credential.username = user;
    credential.password = member(entry, "password");
    credential.opaque_auth.clear();
  }
  credential.identity_token = member(entry, "identitytoken");
  credential.registry_token = member(entry, "registrytoken");
  return credential;
}

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
  auto credentials = parse_docker_config(text);
  if (!credentials) return with_context(credentials.error(), "cannot use the Docker config file " + file);
  return config_version{stamp_of(status), std::move(*credentials)};
}

class docker_config_source : public credential_source {
public:
  docker_config_source(std::string file, config_version first)
      : file_(std::move(file)), current_(std::make_shared<const config_version>(std::move(first))) {}

  void find(const std::string& domain, std::function<void(result<registry_credential>)> done) override {
    auto version = refreshed();
    auto found = version->credentials.find(domain);
    done(found == version->credentials.end() ? registry_credential{} : found->second);
  }

private:
  std::shared_ptr<const config_version> refreshed() {
    auto version = current_.load();
    struct stat status {};
    auto stamp = ::stat(file_.c_str(), &status) == 0 ? stamp_of(status) : file_stamp{};
    if (stamp == version->stamp) return version;
    config_version next{stamp, version->credentials};
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
  std::atomic<std::shared_ptr<const config_version>> current_;
};

} // namespace

result<credential_map> parse_docker_config(std::string_view text) {
  auto config = json::parse(text.begin(), text.end(), nullptr, false);
  if (!config.is_object()) return error{error_code::data_corrupt, "not a JSON object"};
  credential_map credentials;
  auto auths = config.find("auths");
  if (auths == config.end() || auths->is_null()) return credentials;
  if (!auths->is_object()) return error{error_code::data_corrupt, "`auths` is not a JSON object"};
  for (const auto& [key, entry] : auths->items()) {
    if (!entry.is_object())
      return error{error_code::data_corrupt,
                   "`auths`: the entry of " + domain_of(key) + " is not a JSON object"};
    auto credential = credential_of(entry);
    // A key that is the plain domain wins over one with scheme or path.
    if (domain_of(key) == key)
      credentials.insert_or_assign(key, std::move(credential));
    else
      credentials.try_emplace(domain_of(key), std::move(credential));
  }
  return credentials;
}

result<std::shared_ptr<credential_source>> make_docker_config_source(const std::string& file) {
  auto first = load(file);
  if (!first) return first.error();
  return std::shared_ptr<credential_source>(std::make_shared<docker_config_source>(file, std::move(*first)));
}

} // namespace ib::io
