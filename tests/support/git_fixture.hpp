#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ib::test {

/// A folder of its own below the system's temporary folder, removed at the end.
class scratch_folder {
public:
  scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  const std::filesystem::path& path() const { return path_; }
  /// Creates a folder inside, mode 0700.
  std::filesystem::path make(const std::string& name) const;

private:
  std::filesystem::path path_;
};

/// tests/support/git_server.py as a child: repositories, downloads and one-time credentials over HTTP and
/// `git daemon`, on free ports of the loopback interface. It ends with this object, or with this process.
class git_server {
public:
  git_server();
  git_server(const git_server&) = delete;
  git_server& operator=(const git_server&) = delete;
  ~git_server();

  static constexpr const char* user = "alice";
  /// Full of what a shell, a format string or a URL would change on its way to the server.
  static constexpr const char* password = "s3cr3t pass/w%ord'\"$(id)\\n`";
  static constexpr const char* encoded_password = "s3cr3t%20pass%2Fw%25ord%27%22%24%28id%29%5Cn%60";

  /// The URL of a path on the server: "/open/app.git", "/files/hello.txt".
  std::string url(const std::string& path) const;
  /// The same with user info in front of the host.
  std::string url_with(const std::string& user_info, const std::string& path) const;
  /// The URL of a repository at the git daemon.
  std::string daemon_url(const std::string& repository) const;
  /// The folder of the bare repositories.
  std::filesystem::path repositories() const;
  /// The id of a named commit of the fixtures: "app/first".
  const std::string& commit(const std::string& name) const;
  /// Content of a GET of one of the server's own pages.
  std::string get(const std::string& path) const;

private:
  scratch_folder folder_;
  int child_ = -1;
  int child_stdin_ = -1;
  int port_ = 0;
  int daemon_port_ = 0;
  std::map<std::string, std::string> commits_;
};

/// The whole content of a file; empty where it cannot be read.
std::string content_of(const std::filesystem::path& file);

} // namespace ib::test
