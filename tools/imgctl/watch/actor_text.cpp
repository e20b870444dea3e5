#include "tools/imgctl/watch/actor_text.hpp"

#include "tools/imgctl/text.hpp"

#include <algorithm>
#include <cctype>

namespace ib::imgctl {
namespace {

constexpr uint64_t deep_mailbox = 100;

std::string lowered(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

struct forest {
  const house& now;
  const canvas& on;
  std::map<std::string, std::vector<const actor_row*>> children; ///< by the parent's path
  std::vector<std::vector<cell>> rows;

  void add(const actor_row& actor, const std::string& before, bool root, bool last) {
    const auto name =
        root ? actor.path : actor.path.substr(std::min(actor.path.size(), actor.parent.size() + 1));
    const char* branch = on.unicode ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
    rows.push_back(actor_cells(now, actor, before + (root ? "" : branch) + one_line(name)));
    const auto below = children.find(actor.path);
    if (below == children.end()) return;
    const auto more = before + (root ? "" : last ? "   " : on.unicode ? "│  " : "|  ");
    // Taken out: a row that claims to be its own ancestor is drawn once.
    const auto mine = std::move(below->second);
    children.erase(below);
    for (const auto* child : mine)
      add(*child, more, false, child == mine.back());
  }
};

} // namespace

columns actor_columns() {
  return {{"ACTOR", "STATE", "MAILBOX", "HANDLED", "PER S", "AGE", "RESTARTS", "LAST ERROR"},
          {false, false, true, true, true, true, true, false},
          7};
}

std::vector<cell> actor_cells(const house& now, const actor_row& actor, const std::string& name) {
  const auto state = !actor.alive ? cell{"crashed", tone::bad}
                     : actor.busy ? cell{"busy", tone::warn}
                                  : cell{"idle", tone::dim};
  return {{name},
          state,
          {std::to_string(actor.mailbox), actor.mailbox > deep_mailbox ? tone::bad : tone::plain},
          {in_short(static_cast<double>(actor.handled))},
          {in_short(now.rate(actor))},
          {in_time(actor.age_ms)},
          {std::to_string(actor.restarts), actor.restarts > 0 ? tone::warn : tone::dim},
          {one_line(actor.last_error), tone::bad}};
}

std::vector<std::string> draw_actors(const house& now, const std::string& match, const canvas& on) {
  forest all{now, on, {}, {}};
  const auto wanted = lowered(match);
  std::vector<const actor_row*> roots;
  for (const auto& [id, actor] : now.actors) {
    if (!match.empty()) {
      if (lowered(actor.path + " " + actor.kind + " " + actor.last_error).find(wanted) != std::string::npos)
        all.rows.push_back(actor_cells(now, actor, one_line(actor.path)));
    } else if (actor.parent.empty() || !now.actors.contains(actor.parent)) {
      roots.push_back(&actor);
    } else {
      all.children[actor.parent].push_back(&actor);
    }
  }
  for (const auto* root : roots)
    all.add(*root, "", true, true);
  return draw_table(actor_columns(), all.rows, on);
}

} // namespace ib::imgctl
