#pragma once

#include "actors/domain/build_source.hpp"
#include "actors/domain/redactor.hpp"
#include "actors/domain/result.hpp"
#include "actors/io/checkout_parts.hpp"
#include "actors/io/git_remote.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ib::io {

struct git_credentials {
  std::string user;
  std::string password;

  bool empty() const { return user.empty() && password.empty(); }
};

/// The credentials for a remote: the request's own, or what its one-time URL gives, else the user info of the
/// remote's URL. No message tells any of them, nor the one-time URL.
task<result<git_credentials>> resolve_git_credentials(const git_auth& auth, const git_remote& remote,
                                                      const checkout_place& place, std::string field);

/// Runs git in one working tree, in an environment that is ours alone: no configuration, hooks or helpers of
/// the machine or the repository take effect, and only the allowed protocols.
class git_command {
public:
  git_command(const git_initializer& git, const git_remote& remote, const git_credentials& credentials,
              const checkout_place& place, std::filesystem::path tree);

  /// Runs `git ARGUMENTS` in the tree, all its output going to the build's log.
  task<result<void>> run(std::vector<std::string> arguments) const;
  /// The same, but its standard output is the answer.
  task<result<std::string>> query(std::vector<std::string> arguments) const;

private:
  task<result<std::string>> execute(std::vector<std::string> arguments, bool capture) const;

  const checkout_place& place_;
  std::filesystem::path tree_;
  std::string subject_;
  std::map<std::string, std::string> environment_;
  std::shared_ptr<const pattern_set> secrets_;
};

} // namespace ib::io
