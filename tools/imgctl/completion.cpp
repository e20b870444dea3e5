#include "tools/imgctl/completion.hpp"

#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/flags.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace ib::imgctl {
namespace {

/// One word that may come next.
struct word {
  std::string text;
  std::string help;
  bool takes_value = false;
  bool takes_file = false;
};

/// A command by its path ("", "build", "resolve base") and the words that may follow it.
struct place {
  std::string path;
  std::vector<word> commands;
  std::vector<word> flags;
};

std::vector<word> flags_of(const CLI::App& app) {
  std::vector<word> found;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    const bool value = option->get_items_expected_max() > 0;
    const bool file = option->get_type_name() == "FILE";
    for (const auto& name : option->get_lnames())
      found.push_back({"--" + name, option->get_description(), value, file});
    for (const auto& name : option->get_snames())
      found.push_back({"-" + name, option->get_description(), value, file});
  }
  return found;
}

void collect(const CLI::App& app, const std::string& path, const std::vector<word>& inherited,
             std::vector<place>& into) {
  auto flags = flags_of(app);
  for (const auto& w : inherited)
    if (std::none_of(flags.begin(), flags.end(), [&](const word& f) { return f.text == w.text; }))
      flags.push_back(w);
  place here{path, {}, flags};
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* child : children)
    here.commands.push_back({child->get_name(), child->get_description()});
  if (path == "completion")
    for (const char* shell : {"bash", "fish", "zsh"})
      here.commands.push_back({shell, "Script for this shell"});
  into.push_back(here);
  for (const auto* child : children)
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), flags, into);
}

std::string joined(const std::vector<word>& words) {
  std::string all;
  for (const auto& w : words)
    all += (all.empty() ? "" : " ") + w.text;
  return all;
}

/// The distinct flags of all commands that `wanted` picks, as a case pattern.
template <class Wanted>
std::string pattern(const std::vector<place>& places, Wanted wanted) {
  std::vector<std::string> names;
  for (const auto& p : places)
    for (const auto& f : p.flags)
      if (wanted(f)) names.push_back(f.text);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : "|") + name;
  return all;
}

std::string bash(const std::vector<place>& places) {
  std::string commands, flags;
  for (const auto& p : places) {
    commands += "    \"" + p.path + "\") words=\"" + joined(p.commands) + "\" ;;\n";
    flags += "    \"" + p.path + "\") words=\"" + joined(p.flags) + "\" ;;\n";
  }
  const auto files = pattern(places, [](const word& w) { return w.takes_file; });
  const auto values = pattern(places, [](const word& w) { return w.takes_value; });
  return "_imgctl() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local path=\"\" words=\"\" word i\n"
         "  case \"$previous\" in\n"
         "    " +
         files +
         ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    " +
         values +
         ") return ;;\n"
         "  esac\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    case \"$word\" in\n"
         "      " +
         values +
         ") ((i++)) ;;\n"
         "      -*) ;;\n"
         "      *) path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  if [[ \"$current\" == -* ]]; then case \"$path\" in\n" +
         flags + "  esac; else case \"$path\" in\n" + commands +
         "  esac; fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _imgctl imgctl\n";
}

/// zsh runs bash's function through its own emulation.
std::string zsh(const std::vector<place>& places) {
  return "#compdef imgctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash(places);
}

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

/// fish's condition for being exactly at `path`.
std::string condition(const place& p) {
  std::string test;
  const auto and_then = [&test](const std::string& more) { test += (test.empty() ? "" : "; and ") + more; };
  for (size_t from = 0; from < p.path.size();) {
    const auto end = std::min(p.path.find(' ', from), p.path.size());
    and_then("__fish_seen_subcommand_from " + p.path.substr(from, end - from));
    from = end + 1;
  }
  if (!p.commands.empty()) and_then("not __fish_seen_subcommand_from " + joined(p.commands));
  return fish_quoted(test);
}

std::string fish(const std::vector<place>& places) {
  std::string out = "complete -c imgctl -f\n";
  for (const auto& p : places) {
    const auto when = "complete -c imgctl -n " + condition(p);
    for (const auto& w : p.commands)
      out += when + " -a " + w.text + " -d " + fish_quoted(w.help) + "\n";
    for (const auto& w : p.flags) {
      const bool is_long = w.text.starts_with("--");
      out += when + (is_long ? " -l " + w.text.substr(2) : " -s " + w.text.substr(1)) +
             (w.takes_file    ? " -r -F"
              : w.takes_value ? " -x"
                              : "") +
             " -d " + fish_quoted(w.help) + "\n";
    }
  }
  return out;
}

} // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<place> places;
  collect(app, "", {}, places);
  if (shell == "fish") return fish(places);
  return shell == "zsh" ? zsh(places) : bash(places);
}

int run_completion(const std::string& shell) {
  command_line unused;
  standard_sink sink;
  sink.out(completion_script(*make_app(unused), shell));
  return sink.close(0);
}

} // namespace ib::imgctl
