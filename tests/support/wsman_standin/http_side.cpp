#include "tests/support/wsman_standin/http_side.hpp"

#include "actors/domain/base64.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <sys/socket.h>
#include <utility>

// What the supervisors answer; the sockets are in http_sockets.cpp.

namespace ib::standin {

namespace {

constexpr int max_scripted = 1000;

std::string chunk(const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

const char* reason_of(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 302:
    return "Found";
  case 401:
    return "Unauthorized";
  case 404:
    return "Not Found";
  default:
    return "Error";
  }
}

/// "/<workspace>/_supervisor/v1/<rest>" as (workspace, rest); two empty texts for anything else.
std::pair<std::string, std::string> split_target(const std::string& target) {
  static const std::string middle = "/_supervisor/v1/";
  auto at = target.find(middle);
  if (at == std::string::npos || at == 0) return {};
  return {target.substr(1, at - 1), target.substr(at + middle.size())};
}

} // namespace

void http_side::add_terminal(const std::string& workspace, const std::string& name) {
  in_loop([&] { add_to(supervisors_[workspace], name); });
}

void http_side::add_to(supervisor& who, const std::string& name) {
  who.terminals[name];
  for (auto& task : who.tasks)
    if (task.empty()) {
      task = name;
      return;
    }
  who.tasks.push_back(name);
}

/// Whoever speaks of a workspace first, a test or a listener: with automatic terminals it has its own from
/// then on.
http_side::supervisor& http_side::supervisor_of(const std::string& workspace) {
  auto [found, fresh] = supervisors_.try_emplace(workspace);
  if (fresh && auto_terminal_) add_to(found->second, "terminal");
  return found->second;
}

void http_side::add_bare_task(const std::string& workspace) {
  in_loop([&] { supervisors_[workspace].tasks.emplace_back(); });
}

void http_side::write(const std::string& workspace, const std::string& name, const std::string& bytes) {
  in_loop([&] {
    auto& who = supervisor_of(workspace);
    who.terminals[name].history += bytes;
    for (auto* to : listeners(workspace, name))
      send_output(*to, bytes, who.cut);
  });
}

void http_side::send_raw(const std::string& workspace, const std::string& name, const std::string& text) {
  in_loop([&] {
    for (auto* to : listeners(workspace, name))
      send_frame(*to, text, supervisor_of(workspace).cut);
  });
}

void http_side::exit(const std::string& workspace, const std::string& name, int code) {
  in_loop([&] {
    auto& who = supervisor_of(workspace);
    auto& ended = who.terminals[name];
    ended.ended = true;
    ended.exit_code = code;
    for (auto* to : listeners(workspace, name)) {
      send_frame(*to, R"({"result":{"exitCode":)" + std::to_string(code) + "}}\n", who.cut);
      finish(*to);
      flush(*to);
    }
  });
}

void http_side::part(const std::string& workspace, const std::string& name, parting how) {
  in_loop([&] {
    for (auto* to : listeners(workspace, name)) {
      if (how == parting::mid_frame) {
        to->out += chunk(R"({"result":{"da)");
        to->ends_when_sent = true;
        flush(*to);
        continue;
      }
      if (how == parting::finish) {
        finish(*to);
        flush(*to);
        continue;
      }
      linger at_once{1, 0};
      if (how == parting::reset) ::setsockopt(to->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      close(*to);
    }
  });
}

void http_side::set_replay(const std::string& workspace, replay how, size_t bytes) {
  in_loop([&] {
    supervisor_of(workspace).how = how;
    supervisor_of(workspace).replay_bytes = bytes;
  });
}

void http_side::set_cut(const std::string& workspace, size_t bytes) {
  in_loop([&] { supervisor_of(workspace).cut = bytes; });
}

void http_side::script(const std::string& workspace, const std::string& what,
                       const std::vector<int>& statuses) {
  in_loop([&] {
    auto& queue = supervisor_of(workspace).scripts[what];
    if (queue.size() + statuses.size() <= max_scripted)
      queue.insert(queue.end(), statuses.begin(), statuses.end());
  });
}

void http_side::set_auto_terminal(bool on) {
  in_loop([&] { auto_terminal_ = on; });
}

void http_side::set_live(size_t line_bytes, int every_ms) {
  in_loop([&] {
    live_bytes_ = line_bytes;
    live_every_ms_ = every_ms;
  });
}

void http_side::answer(connection& to, const std::string& target, const std::string& token) {
  auto [workspace, rest] = split_target(target);
  auto what = rest == "status/tasks" ? std::string("tasks") : "listen";
  book_.count(what);
  book_.count(what + ":" + workspace);
  if (token != book_.owner_token_of(workspace)) {
    book_.count("unauthorized");
    return respond(to, 401, "");
  }
  if (auto_terminal_) supervisor_of(workspace);
  auto found = supervisors_.find(workspace);
  if (found == supervisors_.end()) return respond(to, 404, "");
  if (auto& script = found->second.scripts[what]; !script.empty()) {
    auto status = script.front();
    script.pop_front();
    if (status == 0) return close(to);
    return respond(to, status, "scripted");
  }
  static const std::string listen = "terminal/listen/";
  if (what == "tasks") return answer_tasks(to, workspace, found->second);
  if (!rest.starts_with(listen)) return respond(to, 404, "");
  answer_listen(to, workspace, rest.substr(listen.size()));
}

void http_side::answer_tasks(connection& to, const std::string&, const supervisor& who) {
  auto tasks = nlohmann::json::array();
  for (size_t i = 0; i < who.tasks.size(); ++i)
    tasks.push_back({{"id", std::to_string(i)},
                     {"state", who.tasks[i].empty() ? "opening" : "running"},
                     {"terminal", who.tasks[i]},
                     {"presentation", {{"name", "build"}, {"openIn", ""}, {"openMode", ""}}}});
  respond(to, 200, nlohmann::json{{"result", {{"tasks", tasks}}}}.dump() + "\n");
}

void http_side::answer_listen(connection& to, const std::string& workspace, const std::string& name) {
  auto& who = supervisor_of(workspace);
  auto found = who.terminals.find(name);
  if (found == who.terminals.end()) return respond(to, 404, "");
  const auto& what = found->second;
  to.listens = true;
  to.workspace = workspace;
  to.terminal = name;
  listening_[{workspace, name}].push_back(&to);
  book_.count("listening");
  book_.count("listening:" + workspace);
  to.out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  auto begin = what.history.size();
  if (who.how == replay::all) begin = 0;
  if (who.how == replay::last_bytes) begin -= std::min(who.replay_bytes, begin);
  constexpr size_t piece = 32 * 1024;
  for (; begin < what.history.size(); begin += piece)
    send_output(to, what.history.substr(begin, piece), who.cut);
  if (what.ended) {
    send_frame(to, R"({"result":{"exitCode":)" + std::to_string(what.exit_code) + "}}\n", who.cut);
    finish(to);
  }
  flush(to);
}

void http_side::respond(connection& to, int status, const std::string& body) {
  to.out += "HTTP/1.1 " + std::to_string(status) + " " + reason_of(status) +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (status == 302) to.out += "Location: http://127.0.0.1:1/elsewhere\r\n";
  to.out += "\r\n" + body;
}

void http_side::send_output(connection& to, const std::string& bytes, size_t cut) {
  if (!bytes.empty()) send_frame(to, R"({"result":{"data":")" + base64_encode(bytes) + "\"}}\n", cut);
}

void http_side::send_frame(connection& to, const std::string& frame, size_t cut) {
  for (size_t at = 0; at < frame.size(); at += cut == 0 ? frame.size() : cut)
    to.out += chunk(cut == 0 ? frame : frame.substr(at, cut));
  flush(to);
}

/// The end of the response; the connection stays.
void http_side::finish(connection& to) {
  to.out += "0\r\n\r\n";
  detach(to);
}

/// One turn of `live_slices` that make a period: prints for as large a part of the terminals.
void http_side::print_live() {
  if (live_bytes_ == 0) return;
  std::string line = "line " + std::to_string(live_turns_ / live_slices) + " ";
  line.resize(std::max(line.size(), live_bytes_ - 1), '.');
  line += '\n';
  ++live_turns_;
  auto count = (supervisors_.size() + live_slices - 1) / live_slices;
  for (auto next = supervisors_.upper_bound(live_last_); count > 0; --count, ++next) {
    if (next == supervisors_.end()) next = supervisors_.begin();
    auto& [workspace, who] = *next;
    live_last_ = workspace;
    for (auto& [name, what] : who.terminals) {
      what.history += line;
      for (auto* to : listeners(workspace, name))
        send_output(*to, line, 0);
    }
  }
}

} // namespace ib::standin
