#include "actors/io/checkout.hpp"

#include "actors/io/checkout_parts.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

/// A folder of mode 0700 for one preparation, gone at its end.
class helper_folder {
public:
  explicit helper_folder(const fs::path& parent) : path_((parent / "checkout-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  helper_folder(const helper_folder&) = delete;
  helper_folder& operator=(const helper_folder&) = delete;
  ~helper_folder() {
    std::error_code ignored; // the whole build folder is removed soon after
    if (made_) fs::remove_all(path_, ignored);
  }

  bool made() const { return made_; }
  const std::string& path() const { return path_; }

private:
  std::string path_;
  bool made_ = false;
};

/// Carries out one initializer after another.
class preparation {
public:
  explicit preparation(const checkout_place& place) : place_(place) {}

  task<result<void>> prepare(const initializer& source, std::string field) {
    if (place_.stop.stop_requested())
      co_return error{error_code::cancelled, "stopped while preparing the context"};
    auto carrying_out = std::visit([&](const auto& spec) { return carry_out(spec, field); }, source.spec);
    auto done = co_await carrying_out;
    co_return done;
  }

private:
  task<result<void>> carry_out(const empty_initializer&, std::string) { co_return result<void>(); }
  task<result<void>> carry_out(const git_initializer& git, const std::string& field) {
    return check_out_git(git, place_, field + ".git");
  }
  /// Files of up to 4 GiB: too long for a thread that others wait for.
  task<result<void>> carry_out(const download_initializer& download, std::string field) {
    auto downloading = place_.threads.on_own_thread([this, &download, field]() -> result<void> {
      try {
        return download_files(download, place_, field + ".download");
      } catch (const std::exception& failure) {
        return error{error_code::internal, std::string("cannot download: ") + failure.what()};
      }
    });
    auto done = co_await downloading;
    co_return done;
  }
  task<result<void>> carry_out(const prebuild_initializer& prebuild, std::string field) {
    for (size_t i = 0; i < prebuild.git.size(); ++i) {
      auto checking_out =
          check_out_git(prebuild.git[i], place_, field + ".prebuild.git[" + std::to_string(i) + "]");
      auto done = co_await checking_out;
      if (!done) co_return done;
    }
    co_return result<void>();
  }
  task<result<void>> carry_out(const composite_initializer& composite, std::string field) {
    for (size_t i = 0; i < composite.parts.size(); ++i) {
      auto preparing =
          prepare(composite.parts[i], field + ".composite.initializer[" + std::to_string(i) + "]");
      auto done = co_await preparing;
      if (!done) co_return done;
    }
    co_return result<void>();
  }

  const checkout_place& place_;
};

} // namespace

task<result<void>> prepare_context(run_threads& threads, const initializer& source, fs::path context_root,
                                   fs::path private_folder, const checkout_settings& settings,
                                   std::stop_token stop) {
  const std::string field = "source.file.source";
  if (auto checked = check_initializer(source, settings.allow_file_protocol, field); !checked)
    co_return checked;
  std::error_code failed;
  auto root = fs::canonical(context_root, failed);
  if (failed) co_return error{error_code::internal, "the context folder cannot be used: " + failed.message()};
  helper_folder helper(private_folder);
  if (!helper.made())
    co_return error{error_code::internal,
                    std::string("the private folder cannot be used: ") + std::strerror(errno)};
  checkout_place place{threads, root, helper.path(), settings, std::move(stop)};
  preparation all(place);
  try {
    auto preparing = all.prepare(source, field);
    auto done = co_await preparing;
    co_return done;
  } catch (const std::exception& failure) {
    co_return error{error_code::internal, std::string("cannot prepare the context: ") + failure.what()};
  }
}

} // namespace ib::io
