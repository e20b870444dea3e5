#pragma once

#include "tools/imgctl/options.hpp"

#include <string>

namespace ib::imgctl {

/// Each command runs to its end, prints, and returns the exit status of the program.

int run_build(const build_options& options, const global_options& global);
int run_logs(const logs_options& options, const global_options& global);
int run_list(const list_options& options, const global_options& global);
int run_show(const show_options& options, const global_options& global);
int run_cancel(const cancel_options& options, const global_options& global);
int run_resolve_base(const resolve_base_options& options, const global_options& global);
int run_resolve_workspace(const resolve_workspace_options& options, const global_options& global);
int run_actors(const actors_options& options, const global_options& global);
int run_top(const top_options& options, const global_options& global);
int run_doctor(const global_options& global);
int run_version(const global_options& global);
int run_completion(const std::string& shell);

} // namespace ib::imgctl
