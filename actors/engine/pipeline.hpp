#pragma once

#include "actors/build_plan.hpp"
#include "actors/engine/base_build.hpp"
#include "actors/engine/buildah.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/engine/run_progress.hpp"

#include <filesystem>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace ib {

/// The work of one run of the local engine, step after step: prepare, build, push, publish, verify (spec:
/// engines.md, "local"). Everything it makes is gone with the pipeline.
class pipeline {
public:
  /// `tools` is null where buildah does not work here: only sources that need no build can be served then.
  pipeline(const local_context& context, const build_tools* tools, std::shared_ptr<const build_plan> plan,
           int attempt, pipeline_events events, std::stop_token stop);
  ~pipeline();

  /// run_succeeded or run_failed.
  io::task<build_event> run();

private:
  io::task<result<void>> steps();
  io::task<result<void>> provide_base(const dockerfile_source& source);
  io::task<result<void>> build_and_push(const dockerfile_source& source);
  io::task<result<void>> fetch_context(const dockerfile_source& source);
  io::task<result<std::string>> build(const dockerfile_source& source, base_build& in_the_store);
  result<image_build> begin_build(const dockerfile_source& source);
  io::task<result<void>> push(std::string image_id);
  io::task<result<void>> publish();
  void tell(const io::published_image& image) const;
  io::task<result<void>> copy_between_registries();
  io::task<result<void>> verify();

  registry_purpose source_purpose() const;

  template <class T, class Call>
  io::task<result<T>> ask(std::string registry, Call call);
  io::task<result<bool>> exists(std::string ref);
  io::task<result<std::string>> auth_file(std::string name, registry_purpose purpose,
                                          std::set<std::string> domains) const;
  std::set<std::string> pull_domains(const std::string& dockerfile,
                                     const std::vector<reference>& images) const;
  bool has_just_been_looked_for() const;
  result<void> make_folder() const;
  void make_source_folders() const;
  // Made when they are needed: whatever a run keeps it keeps for as long as its build takes.
  std::filesystem::path folder() const;
  std::filesystem::path context_root() const { return folder() / "context"; }
  std::filesystem::path private_folder() const { return folder() / "private"; }

  const local_context& context_;
  const build_tools* tools_;
  std::shared_ptr<const build_plan> plan_;
  int attempt_;
  run_progress progress_;
  std::unique_ptr<buildah> buildah_;
  failure_place where_; ///< of a failure, where a tool can tell
};

} // namespace ib
