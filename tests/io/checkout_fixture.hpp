#pragma once

#include "actors/io/checkout.hpp"
#include "actors/io/process.hpp"
#include "actors/io/run_threads.hpp"
#include "tests/support/git_fixture.hpp"

#include <filesystem>
#include <string>

namespace ib::test {

/// A context root, a private folder and the log text of preparing the one with the help of the other.
struct checkout_fixture {
  git_server server;
  scratch_folder folder;
  std::filesystem::path root = folder.make("context");
  std::filesystem::path private_folder = folder.make("private");
  std::string log;
  bool allow_file = false;
  std::stop_source stop;
  io::run_threads threads;

  result<void> prepare(const initializer& source) {
    io::checkout_settings settings;
    settings.allow_file_protocol = allow_file;
    settings.on_output = [this](std::string_view text) { log += text; };
    return io::wait_for(
        io::prepare_context(threads, source, root, private_folder, settings, stop.get_token()));
  }

  /// What a prepare came to: "ok", or the error's code and message.
  std::string outcome(const initializer& source) {
    auto done = prepare(source);
    return done ? "ok" : std::string(to_string(done.error().code)) + ": " + done.error().message;
  }

  git_initializer git(const std::string& path) const {
    git_initializer git;
    git.remote_uri = server.url(path);
    return git;
  }

  /// Output of git in the checkout, without the line end.
  std::string ask(const std::string& arguments, const std::string& below = ".") const {
    io::process_spec spec;
    spec.argv = {"sh", "-c", "git " + arguments};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}, {"LANG", "C.UTF-8"}};
    spec.directory = (root / below).string();
    spec.capture_stdout = true;
    auto ended = io::run_process(spec, {});
    if (!ended || ended->exit_code != 0) return "failed";
    return ended->output.substr(0, ended->output.find_last_not_of('\n') + 1);
  }

  std::string content(const std::string& file) const { return content_of(root / file); }
};

/// True where the text occurs in a file below the folder.
bool any_file_holds(const std::filesystem::path& folder, const std::string& text);

} // namespace ib::test
