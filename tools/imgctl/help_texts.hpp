#pragma once

namespace ib::imgctl {

/// The examples at the end of each command's help.

inline constexpr const char* global_flags_help = R"(
Everywhere: --address HOST:PORT (or IMGCTL_ADDRESS), --config FILE, --ca FILE ..., --json, --no-color)";

inline constexpr const char* main_examples = R"(Examples:
  imgctl build --git https://github.com/gitpod-io/template-python-flask --branch main --dockerfile .gitpod.Dockerfile
  imgctl build --ref alpine:3.19
  imgctl list
  imgctl COMMAND --help

Exit codes: 0 success, 1 failed, 2 wrong usage, 3 service unavailable, 130 detached by Ctrl-C.)";

inline constexpr const char* build_examples = R"(Examples:
  imgctl build --git https://example.com/app.git --branch main --dockerfile docker/Dockerfile --context .
  GIT_TOKEN=... imgctl build --git https://example.com/private.git --git-user me --git-password-env GIT_TOKEN
  imgctl build --ref alpine:3.19 --force
  imgctl build --source request.json --auth-all
  image=$(imgctl build --ref alpine:3.19 --quiet)

On a terminal the progress is drawn live, and Ctrl-C leaves the build running; the same command joins it again.
Elsewhere standard output has the log's bytes and nothing else, standard error the phases and the result.
--json prints one object per line: each BuildResponse (without log_info.headers, which are secret) and {"log": TEXT}.
)";

inline constexpr const char* logs_examples = R"(Examples:
  imgctl logs -f 6a7f5c1e-0a36-4b5e-9d7e-2f4f6f1f0c11
  imgctl logs --censored localhost:5000/workspace-images:2b1325ad
  imgctl logs 6a7f5c1e-0a36-4b5e-9d7e-2f4f6f1f0c11 > build.log
  imgctl logs -f --offset 4096 6a7f5c1e-0a36-4b5e-9d7e-2f4f6f1f0c11

A lost connection is taken up again from the byte where it broke, for up to 5 minutes.
A service without imagebuilder.v1.Builds always follows to the end and knows no offsets.
)";

inline constexpr const char* list_examples = R"(Examples:
  imgctl list
  imgctl list --json
  imgctl list --all --state FAILED --since 2h
  imgctl list --all --triggered-by ann --limit 0 --json
)";

inline constexpr const char* show_examples = R"(Examples:
  imgctl show 6a7f5c1e-0a36-4b5e-9d7e-2f4f6f1f0c11
  imgctl show --json localhost:5000/workspace-images:2b1325ad

Exit code 0 however the build stands.
)";

inline constexpr const char* cancel_examples = R"(Examples:
  imgctl cancel 6a7f5c1e-0a36-4b5e-9d7e-2f4f6f1f0c11 --reason "superseded"

Exit code 1 where the build has ended already.
)";

inline constexpr const char* resolve_examples = R"(Examples:
  imgctl resolve base alpine:3.19
  imgctl resolve workspace --ref alpine:3.19
)";

inline constexpr const char* resolve_base_examples = R"(Examples:
  imgctl resolve base alpine:3.19
  imgctl resolve base registry.example.com/team/app:1 --registry-auth-file ~/.docker/config.json --retry
)";

inline constexpr const char* resolve_workspace_examples = R"(Examples:
  imgctl resolve workspace --ref alpine:3.19
  imgctl resolve workspace --git https://example.com/app.git --branch main --json
)";

inline constexpr const char* actors_examples = R"(Examples:
  imgctl actors
  imgctl actors --watch builds/
  imgctl actors --json | jq '.rows[] | select(.restarts > 0)'

Reads the service's debug endpoint, which is on the loopback unless its configuration says otherwise.
With --json and --watch a line for each second in which something changed: "rows" that changed, "gone" ids.
)";

inline constexpr const char* top_examples = R"(Examples:
  imgctl top
  imgctl top --once
  imgctl --config /etc/image-builder/image-builder.json top
  IMGCTL_DEBUG_TOKEN=... imgctl --debug-address https://debug.example.com top

q or Ctrl-C leaves. Reads the service's debug endpoint. --json prints all of it once, as one object.
)";

inline constexpr const char* doctor_examples = R"(Examples:
  imgctl doctor
  imgctl --config /etc/image-builder/image-builder.json doctor
  imgctl --address builder.example.com:8080 --ca ca.crt --cert me.crt --key me.key doctor

Exit code 0 where nothing failed, 1 where something did, 3 where the service cannot be reached.
What the service needs itself (registries, git, build tools) is tested by image-builder doctor, on its machine.
)";

inline constexpr const char* version_examples = R"(Examples:
  imgctl version
)";

inline constexpr const char* completion_examples = R"(Examples:
  imgctl completion bash > ~/.local/share/bash-completion/completions/imgctl
  imgctl completion zsh > ~/.zfunc/_imgctl
  imgctl completion fish > ~/.config/fish/completions/imgctl.fish
)";

} // namespace ib::imgctl
