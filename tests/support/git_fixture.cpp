#include "tests/support/git_fixture.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace ib::test {

namespace {

size_t append(char* data, size_t, size_t size, void* text) {
  static_cast<std::string*>(text)->append(data, size);
  return size;
}

std::string support_folder() { return IB_SOURCE_DIR "/tests/support"; }

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';)
    line += c;
  return line;
}

} // namespace

scratch_folder::scratch_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "ib-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot create a scratch folder");
  path_ = std::filesystem::canonical(pattern);
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path scratch_folder::make(const std::string& name) const {
  auto folder = path_ / name;
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  return folder;
}

git_server::git_server() {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe for the git server");
  std::vector<std::string> arguments{"/usr/bin/python3", support_folder() + "/git_server.py",
                                     "--root",           folder_.path().string(),
                                     "--user",           user,
                                     "--password",       password};
  std::vector<char*> argv;
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  pid_t pid = -1;
  auto failed = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  auto line = failed ? std::string() : read_line(out[0]);
  ::close(out[0]);
  child_ = failed ? -1 : pid;
  child_stdin_ = in[1];
  auto facts = nlohmann::json::parse(line, nullptr, false);
  if (!facts.is_object()) throw std::runtime_error("the git server did not start: " + line);
  port_ = facts.at("port");
  daemon_port_ = facts.at("daemon_port");
  commits_ = facts.at("commits").get<std::map<std::string, std::string>>();
}

git_server::~git_server() {
  ::close(child_stdin_);
  if (child_ > 0) ::waitpid(child_, nullptr, 0);
}

std::string git_server::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::string git_server::url_with(const std::string& user_info, const std::string& path) const {
  return "http://" + user_info + "@127.0.0.1:" + std::to_string(port_) + path;
}

std::string git_server::daemon_url(const std::string& repository) const {
  return "git://127.0.0.1:" + std::to_string(daemon_port_) + "/" + repository;
}

std::filesystem::path git_server::repositories() const { return folder_.path() / "repositories"; }

const std::string& git_server::commit(const std::string& name) const { return commits_.at(name); }

std::string git_server::get(const std::string& path) const {
  std::string text;
  auto* request = curl_easy_init();
  curl_easy_setopt(request, CURLOPT_URL, url(path).c_str());
  curl_easy_setopt(request, CURLOPT_PROXY, "");
  curl_easy_setopt(request, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(request, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(request, CURLOPT_WRITEDATA, &text);
  auto outcome = curl_easy_perform(request);
  curl_easy_cleanup(request);
  if (outcome != CURLE_OK) throw std::runtime_error("no answer from the git server for " + path);
  return text;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace ib::test
