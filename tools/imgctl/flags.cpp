#include "tools/imgctl/flags.hpp"

#include "tools/imgctl/help_texts.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace ib::imgctl {
namespace {

/// Help without CLI11's lists of what each flag excludes and needs: the groups say it shorter.
class short_formatter final : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = option->get_type_size() == 0 ? "" : " " + option->get_type_name();
    if (!option->get_default_str().empty()) text += " (" + option->get_default_str() + ")";
    if (!option->get_envname().empty()) text += " (or " + option->get_envname() + ")";
    return text;
  }
};

CLI::Option* text(CLI::App& app, const std::string& name, std::string& into, const std::string& type,
                  const std::string& help, const std::string& group) {
  return app.add_option(name, into, help)->type_name(type)->group(group);
}

void add_tls(CLI::App& app, tls_options& into) {
  const std::string group = "TLS (without --ca: in the clear)";
  text(app, "--ca", into.ca, "FILE", "Authorities of the service's certificate", group)->envname("IMGCTL_CA");
  text(app, "--cert", into.certificate, "FILE", "Certificate to show", group)->envname("IMGCTL_CERT");
  text(app, "--key", into.key, "FILE", "Its key", group)->envname("IMGCTL_KEY");
  text(app, "--server-name", into.server_name, "NAME",
       "Name in the service's certificate (default: the address's host)", group)
      ->envname("IMGCTL_SERVER_NAME");
}

void add_debug(CLI::App& app, global_options& into) {
  const std::string group = "Debug endpoint (actors, top, doctor)";
  text(app, "--debug-address", into.debug, "HOST:PORT", "Where it is served, or its http(s) URL", group)
      ->envname("IMGCTL_DEBUG_ADDRESS")
      ->default_str(default_debug_address);
  text(app, "--debug-token-file", into.debug_token_file, "FILE",
       "File that holds its token; so does the variable IMGCTL_DEBUG_TOKEN", group)
      ->envname("IMGCTL_DEBUG_TOKEN_FILE");
}

void add_globals(CLI::App& app, global_options& into) {
  app.add_option("--address", into.address, "Where the service listens")
      ->type_name("HOST:PORT")
      ->envname("IMGCTL_ADDRESS")
      ->default_str(default_address);
  app.add_option("--config", into.config, "The service's configuration, which says where it is")
      ->type_name("FILE")
      ->envname("IMGCTL_CONFIG");
  add_tls(app, into.tls);
  add_debug(app, into);
  app.add_flag("--json", into.json, "Machine-readable output");
  app.add_flag("--no-color", into.no_color, "No colour; so does a non-empty NO_COLOR");
}

void add_source(CLI::App& app, source_options& into) {
  const std::string what = "Source (one of --git, --ref, --source)";
  auto* git = text(app, "--git", into.git, "URL", "Build a Dockerfile of this repository", what);
  auto* ref = text(app, "--ref", into.ref, "IMAGE", "Build from an existing image", what);
  auto* file = text(app, "--source", into.source_file, "FILE",
                    "protojson of builder.BuildSource or builder.BuildRequest; - is standard input", what);
  ref->excludes(git)->excludes(file);
  file->excludes(git);

  const std::string group = "With --git";
  auto* branch =
      text(app, "--branch", into.branch, "NAME", "Branch (default: the remote's)", group)->needs(git);
  text(app, "--commit", into.commit, "HASH", "Commit", group)->needs(git)->excludes(branch);
  text(app, "--dockerfile", into.dockerfile, "PATH", "Dockerfile, from the repository's root", group)
      ->needs(git)
      ->capture_default_str();
  text(app, "--context", into.context, "PATH", "Context folder (default: the Dockerfile's)", group)
      ->needs(git);
  auto* user = text(app, "--git-user", into.git_user, "NAME", "User at the remote", group)->needs(git);
  auto* variable = text(app, "--git-password-env", into.git_password_env, "VAR",
                        "Environment variable that holds the password", group);
  auto* password_file =
      text(app, "--git-password-file", into.git_password_file, "FILE", "File that holds the password", group);
  variable->needs(user)->excludes(password_file);
  password_file->needs(user);
  text(app, "--git-ots", into.git_ots, "URL", "One-time URL whose answer is user:password", group)
      ->needs(git)
      ->excludes(user);
}

void add_auth(CLI::App& app, auth_options& into) {
  const std::string group = "Registry credentials";
  auto* all = app.add_flag("--auth-all", into.all, "The service may use its credentials for any registry");
  auto* base = app.add_flag("--allow-base-repository", into.base_repository, "... for the base repository");
  auto* workspace = app.add_flag("--allow-workspace-repository", into.workspace_repository,
                                 "... for the workspace repository");
  auto* domains = app.add_option("--allow", into.domains, "... for this registry (repeatable)")
                      ->type_name("DOMAIN")
                      ->delimiter(',')
                      ->allow_extra_args(false);
  for (auto* option : {base, workspace, domains})
    option->group(group)->excludes(all);
  all->group(group);
  text(app, "--registry-auth-file", into.registry_auth_file, "FILE",
       "Docker configuration whose auths are sent with the request", group);
}

void add_retry(CLI::App& app, bool& into) {
  app.add_flag("--retry", into, "Let the service retry failed registry lookups");
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& about,
                      const char* examples) {
  auto* app = parent.add_subcommand(name, about);
  app->footer(std::string(examples) + global_flags_help);
  return app;
}

void add_build(CLI::App& app, command_line& into) {
  auto& options = into.build;
  auto* build =
      add_command(app, "build", "Build a workspace image, or join the running build", build_examples);
  build->callback([&into] { into.verb = command::build; });
  add_source(*build, options.source);
  add_auth(*build, options.auth);
  build->add_flag("--force", options.force, "Build even where the image exists");
  build->add_option("--triggered-by", options.triggered_by, "Who asked for it")->type_name("NAME");
  build->add_option("--base-resolved", options.base_resolved, "A base image built earlier, to build from")
      ->type_name("NAME");
  add_retry(*build, options.retry);
  auto* detach = build->add_flag("--detach", options.detach, "Print the build's id and leave it running");
  build->add_flag("--quiet", options.quiet, "Print the workspace reference alone")->excludes(detach);
}

void add_logs(CLI::App& app, command_line& into) {
  auto* logs = add_command(app, "logs", "Print a build's log, with -f until the build ends", logs_examples);
  logs->callback([&into] { into.verb = command::logs; });
  logs->add_option("build", into.logs.target, "Build id, or image reference for its newest build")
      ->type_name("ID|REF")
      ->required();
  logs->add_flag("-f,--follow", into.logs.follow,
                 "Go on to the end of a running build, over lost connections, too");
  logs->add_flag("--censored", into.logs.censored, "Leave image references out");
  logs->add_option("--offset", into.logs.offset, "Begin at this byte")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

void add_list(CLI::App& app, command_line& into) {
  auto& options = into.list;
  auto* list = add_command(
      app, "list", "Running and queued builds; with --all ended ones, too, the newest first", list_examples);
  list->callback([&into] { into.verb = command::list; });
  auto* all = list->add_flag("--all", options.all, "Builds that have ended, too");
  const std::string group = "With --all";
  list->add_option("--state", options.states, "In this state, as in FAILED (repeatable)")
      ->type_name("STATE")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group)
      ->needs(all);
  text(*list, "--reference", options.reference, "REF", "Of this workspace or base reference", group)
      ->needs(all);
  text(*list, "--triggered-by", options.triggered_by, "NAME", "Asked for by this name", group)->needs(all);
  text(*list, "--since", options.since, "TIME",
       "Accepted since then: 2024-02-29T12:00:00Z, or an age: 90m, 2h, 3d", group)
      ->needs(all);
  text(*list, "--until", options.until, "TIME", "Accepted before then", group)->needs(all);
  list->add_option("--limit", options.limit, "At most so many builds; 0 means all")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group)
      ->needs(all);
  text(*list, "--page-token", options.page_token, "TOKEN", "Go on where an earlier list ended", group)
      ->needs(all);
}

void add_show_and_cancel(CLI::App& app, command_line& into) {
  auto* show = add_command(app, "show", "All that is known of a build", show_examples);
  show->callback([&into] { into.verb = command::show; });
  show->add_option("build", into.show.target, "Build id, or image reference for its newest build")
      ->type_name("ID|REF")
      ->required();
  auto* cancel = add_command(app, "cancel", "End a running or queued build", cancel_examples);
  cancel->callback([&into] { into.verb = command::cancel; });
  cancel->add_option("build", into.cancel.build_id, "Build id")->type_name("ID")->required();
  cancel->add_option("--reason", into.cancel.reason, "Why; everybody who follows the build is told")
      ->type_name("TEXT");
}

void add_resolve(CLI::App& app, command_line& into) {
  auto* resolve = add_command(app, "resolve", "Tell what an image or a source stands for; builds nothing",
                              resolve_examples);
  resolve->require_subcommand(1);
  auto* base = add_command(*resolve, "base", "The digest form of an image reference", resolve_base_examples);
  base->callback([&into] { into.verb = command::resolve_base; });
  base->add_option("ref", into.resolve_base.ref, "Image reference")->type_name("REF")->required();
  add_auth(*base, into.resolve_base.auth);
  add_retry(*base, into.resolve_base.retry);
  auto* workspace = add_command(*resolve, "workspace", "The references a source would be built to",
                                resolve_workspace_examples);
  workspace->callback([&into] { into.verb = command::resolve_workspace; });
  add_source(*workspace, into.resolve_workspace.source);
  add_auth(*workspace, into.resolve_workspace.auth);
  add_retry(*workspace, into.resolve_workspace.retry);
}

void add_operators(CLI::App& app, command_line& into) {
  auto* actors =
      add_command(app, "actors", "The tree of the service's actors, as they live now", actors_examples);
  actors->callback([&into] { into.verb = command::actors; });
  actors->add_option("match", into.actors.match, "Only actors whose path, kind or last error has this in it")
      ->type_name("TEXT");
  actors->add_flag("--watch", into.actors.watch, "Go on, every second, until Ctrl-C or q");
  auto* top =
      add_command(app, "top", "What goes on in the service, every second: builds, queue, actors, registries",
                  top_examples);
  top->callback([&into] { into.verb = command::top; });
  top->add_flag("--once", into.top.once, "Print it once; so does an output that is no terminal");
  add_command(app, "doctor", "Test the way to the service and how it fares, and say what to do about it",
              doctor_examples)
      ->callback([&into] { into.verb = command::doctor; });
}

void add_rest(CLI::App& app, command_line& into) {
  add_command(app, "version", "The version of this program", version_examples)->callback([&into] {
    into.verb = command::version;
  });
  auto* completion =
      add_command(app, "completion", "Print a completion script for a shell", completion_examples);
  completion->callback([&into] { into.verb = command::completion; });
  completion->add_option("shell", into.shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

/// The deepest command that the arguments name: whose help the user should be sent to.
const CLI::App& innermost(const CLI::App& app) {
  const auto used = app.get_subcommands();
  return used.empty() ? app : innermost(*used.front());
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : path_of(*app.get_parent()) + " " + app.get_name();
}

} // namespace

std::unique_ptr<CLI::App> make_app(command_line& into) {
  auto app = std::make_unique<CLI::App>("The command-line client of the image build service.", "imgctl");
  app->require_subcommand(1);
  app->fallthrough(); // inherited: global flags may follow the command
  app->formatter(std::make_shared<short_formatter>());
  app->get_formatter()->column_width(34);
  app->footer(main_examples);
  add_globals(*app, into.global);
  add_build(*app, into);
  add_logs(*app, into);
  add_list(*app, into);
  add_show_and_cancel(*app, into);
  add_resolve(*app, into);
  add_operators(*app, into);
  add_rest(*app, into);
  return app;
}

std::variant<command_line, early_exit> parse_arguments(std::vector<std::string> arguments) {
  command_line line;
  const auto app = make_app(line);
  std::reverse(arguments.begin(), arguments.end()); // CLI11 takes its vector from the back
  try {
    app->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return early_exit{exit_code::success, app->help()};
  } catch (const CLI::Error& e) {
    const auto path = path_of(innermost(*app));
    return early_exit{exit_code::usage, path + ": " + e.what() + "\nsee " + path + " --help\n"};
  }
  return line;
}

} // namespace ib::imgctl
