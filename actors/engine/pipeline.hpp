#pragma once

#include "actors/build_plan.hpp"
#include "actors/engine/buildah.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/engine/run_progress.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace ib {

/// The work of one run of the local engine, step after step on a thread of its own: prepare, build, push,
/// publish, verify (spec: engines.md, "local"). Everything it makes is gone when run() returns.
class pipeline {
public:
  /// `tools` is null where buildah does not work here: only sources that need no build can be served then.
  pipeline(const local_context& context, const build_tools* tools, std::shared_ptr<const build_plan> plan,
           int attempt, pipeline_events events, std::stop_token stop);
  ~pipeline();

  /// run_succeeded or run_failed.
  build_event run();

private:
  result<void> steps();
  result<void> provide_base(const dockerfile_source& source);
  result<void> build_and_push(const dockerfile_source& source);
  result<void> fetch_context(const dockerfile_source& source, const std::filesystem::path& context_root,
                             const std::filesystem::path& private_folder);
  result<void> publish();
  result<void> copy_between_registries();
  result<void> verify();

  registry_purpose source_purpose() const;

  template <class T, class Call>
  result<T> ask(const std::string& registry, Call call);
  result<std::optional<reference>> look_for(const std::string& ref);
  result<std::filesystem::path> auth_file(const std::string& name, registry_purpose purpose,
                                          const std::set<std::string>& domains) const;
  std::set<std::string> pull_domains(const std::string& dockerfile,
                                     const std::vector<reference>& images) const;
  bool has_just_been_looked_for() const;
  result<void> make_folder();

  const local_context& context_;
  const build_tools* tools_;
  std::shared_ptr<const build_plan> plan_;
  int attempt_;
  run_progress progress_;
  std::filesystem::path folder_;
  std::unique_ptr<buildah> buildah_;
  failure_place where_; ///< of a failure, where a tool can tell
};

} // namespace ib
