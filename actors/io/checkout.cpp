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

  result<void> prepare(const initializer& source, const std::string& field) {
    if (place_.stop.stop_requested())
      return error{error_code::cancelled, "stopped while preparing the context"};
    return std::visit([&](const auto& spec) { return carry_out(spec, field); }, source.spec);
  }

private:
  result<void> carry_out(const empty_initializer&, const std::string&) { return {}; }
  result<void> carry_out(const git_initializer& git, const std::string& field) {
    return check_out_git(git, place_, field + ".git");
  }
  result<void> carry_out(const download_initializer& download, const std::string& field) {
    return download_files(download, place_, field + ".download");
  }
  result<void> carry_out(const prebuild_initializer& prebuild, const std::string& field) {
    for (size_t i = 0; i < prebuild.git.size(); ++i) {
      auto at = field + ".prebuild.git[" + std::to_string(i) + "]";
      if (auto done = check_out_git(prebuild.git[i], place_, at); !done) return done;
    }
    return {};
  }
  result<void> carry_out(const composite_initializer& composite, const std::string& field) {
    for (size_t i = 0; i < composite.parts.size(); ++i) {
      auto at = field + ".composite.initializer[" + std::to_string(i) + "]";
      if (auto done = prepare(composite.parts[i], at); !done) return done;
    }
    return {};
  }

  const checkout_place& place_;
};

} // namespace

result<void> prepare_context(const initializer& source, const fs::path& context_root,
                             const fs::path& private_folder, const checkout_settings& settings,
                             std::stop_token stop) try {
  const std::string field = "source.file.source";
  if (auto checked = check_initializer(source, settings.allow_file_protocol, field); !checked) return checked;
  std::error_code failed;
  auto root = fs::canonical(context_root, failed);
  if (failed) return error{error_code::internal, "the context folder cannot be used: " + failed.message()};
  helper_folder helper(private_folder);
  if (!helper.made())
    return error{error_code::internal,
                 std::string("the private folder cannot be used: ") + std::strerror(errno)};
  checkout_place place{root, helper.path(), settings, std::move(stop)};
  return preparation(place).prepare(source, field);
} catch (const std::exception& failure) {
  return error{error_code::internal, std::string("cannot prepare the context: ") + failure.what()};
}

} // namespace ib::io
