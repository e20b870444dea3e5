#pragma once

#include "actors/build_plan.hpp"
#include "actors/engine/buildah.hpp"
#include "actors/engine/local_context.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ib {

/// Whom a pipeline tells.
struct pipeline_events {
  std::function<void(std::string_view)> output; ///< bytes for the build's log; may block
  std::function<void(build_state, std::string)> phase;
};

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
  result<void> publish();
  result<void> copy_between_registries();
  result<void> verify();

  registry_purpose source_purpose() const;

  void enter(build_state phase, std::string message);
  template <class T, class Work>
  result<T> patiently(const std::string& registry, Work work);
  template <class T, class Call>
  result<T> ask(const std::string& registry, Call call);
  result<std::optional<reference>> look_for(const std::string& ref);
  result<std::filesystem::path> auth_file(const std::string& name, registry_purpose purpose,
                                          const std::vector<std::string>& domains) const;
  std::vector<std::string> plain_http_domains() const;
  bool plain_http(const std::string& domain) const;
  result<void> make_folder();
  bool stopped() const { return stop_.stop_requested(); }
  void say(const std::string& line) const;

  const local_context& context_;
  const build_tools* tools_;
  std::shared_ptr<const build_plan> plan_;
  pipeline_events events_;
  std::stop_token stop_;
  std::filesystem::path folder_;
  std::unique_ptr<buildah> buildah_;
  std::string dockerfile_text_;
  build_state phase_ = build_state::preparing;
};

} // namespace ib
