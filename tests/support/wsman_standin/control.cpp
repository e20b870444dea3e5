#include "tests/support/wsman_standin/control.hpp"

#include "actors/domain/base64.hpp"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <stdexcept>

namespace ib::standin {

namespace {

using nlohmann::json;

constexpr int patience_ms = 110'000;

template <class Message>
json texts_of(const std::vector<Message>& messages) {
  auto all = json::array();
  for (const auto& message : messages)
    all.push_back(base64_encode(message.SerializeAsString()));
  return all;
}

void read_into(google::protobuf::Message& message, const json& from) {
  auto done = google::protobuf::util::JsonStringToMessage(from.dump(), &message);
  if (!done.ok()) throw std::runtime_error(std::string(done.message()));
}

std::string bytes_of(const json& command, const char* name) {
  auto bytes = base64_decode(command.at(name).get<std::string>());
  if (!bytes) throw std::runtime_error(std::string(name) + " is not base64");
  return *bytes;
}

scripted_answer answer_of(const json& from) {
  scripted_answer to;
  to.code = from.value("code", 0);
  to.message = from.value("message", "");
  to.do_it = from.value("do_it", false);
  to.hold = from.value("hold", "");
  if (from.contains("url")) to.url = from["url"].get<std::string>();
  if (from.contains("owner_token")) to.owner_token = from["owner_token"].get<std::string>();
  return to;
}

json script_calls(whole& all, const json& command) {
  std::vector<scripted_answer> answers;
  for (const auto& answer : command.at("answers"))
    answers.push_back(answer_of(answer));
  all.what.script(command.at("method"), std::move(answers));
  return {};
}

json put_status(whole& all, const json& command) {
  wsman::WorkspaceStatus status;
  read_into(status, command.at("status"));
  all.what.put(status, command.value("keep", true));
  return {};
}

/// Lays fields over the current status: {"phase": …, "conditions": {…}, "without": ["auth", …]}.
json alter_status(whole& all, const json& command) {
  bool there = all.what.alter(command.at("id"), [&](wsman::WorkspaceStatus& status) {
    if (command.contains("fields")) {
      wsman::WorkspaceStatus fields;
      read_into(fields, command["fields"]);
      status.MergeFrom(fields);
    }
    for (const auto& name : command.value("without", json::array())) {
      const auto* field = status.GetDescriptor()->FindFieldByName(name.get<std::string>());
      if (field != nullptr) status.GetReflection()->ClearField(&status, field);
    }
    if (command.contains("version")) status.set_status_version(command["version"].get<uint64_t>());
  });
  return {{"there", there}};
}

json alter_all(whole& all, const json& command) {
  wsman::WorkspaceStatus fields;
  read_into(fields, command.at("fields"));
  for (const auto& id : all.what.ids())
    all.what.alter(id, [&](wsman::WorkspaceStatus& status) { status.MergeFrom(fields); });
  return {};
}

json show(whole& all, const json&) {
  return {{"starts", texts_of(all.what.starts())},
          {"stops", texts_of(all.what.stops())},
          {"filters", texts_of(all.what.filters())},
          {"counts", all.what.counts()}};
}

json wait_for_count(whole& all, const json& command) {
  const std::string what = command.at("what");
  if (all.what.wait_until_counted(what, command.at("at_least"), patience_ms)) return {};
  throw std::runtime_error("only " + std::to_string(all.what.counted(what)) + " of " + what);
}

json part_listeners(whole& all, const json& command) {
  static const std::map<std::string, parting> ways{{"finish", parting::finish},
                                                   {"close", parting::close},
                                                   {"reset", parting::reset},
                                                   {"mid_frame", parting::mid_frame}};
  all.http.part(command.at("id"), command.at("terminal"), ways.at(command.at("how")));
  return {};
}

json set_replay(whole& all, const json& command) {
  static const std::map<std::string, replay> ways{
      {"all", replay::all}, {"nothing", replay::nothing}, {"last_bytes", replay::last_bytes}};
  all.http.set_replay(command.at("id"), ways.at(command.at("how")), command.value("bytes", size_t{0}));
  return {};
}

/// Many running workspaces at once, each with a terminal: {"count": n, "prefix": …, "status": …}; the id of
/// the nth is a UUID that ends with n, and its annotations and url have n for "%".
json populate(whole& all, const json& command) {
  const std::string pattern = command.at("status").dump();
  for (int i = 0; i < command.at("count").get<int>(); ++i) {
    auto text = pattern;
    auto number = std::to_string(i);
    number.insert(0, 12 - number.size(), '0');
    for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at))
      text.replace(at, 1, number);
    wsman::WorkspaceStatus status;
    read_into(status, json::parse(text));
    status.mutable_spec()->set_url("http://" + all.http.address() + "/" + status.id());
    all.http.add_terminal(status.id(), "terminal");
    all.what.put(status, true);
  }
  return {};
}

using verb = std::function<json(whole&, const json&)>;

template <class Work>
verb plain(Work work) {
  return [work](whole& all, const json& command) {
    work(all, command);
    return json::object();
  };
}

const std::map<std::string, verb>& verbs() {
  static const std::map<std::string, verb> all{
      {"script", script_calls},
      {"put", put_status},
      {"alter", alter_status},
      {"alter_all", alter_all},
      {"show", show},
      {"wait", wait_for_count},
      {"part", part_listeners},
      {"replay", set_replay},
      {"populate", populate},
      {"unscript", plain([](whole& w, const json&) { w.what.unscript(); })},
      {"release", plain([](whole& w, const json& c) { w.what.release(c.at("name")); })},
      {"forget", plain([](whole& w, const json& c) { w.what.forget(c.at("id")); })},
      {"quiet", plain([](whole& w, const json& c) { w.what.set_quiet(c.at("on")); })},
      {"auto_run", plain([](whole& w, const json& c) {
         w.what.set_auto_run(c.at("on"));
         w.http.set_auto_terminal(c.at("on"));
       })},
      {"end_subscriptions", plain([](whole& w, const json& c) {
         w.what.end_subscriptions(c.at("code"), c.value("message", ""));
       })},
      {"up", plain([](whole& w, const json&) { w.grpc.up(); })},
      {"down", plain([](whole& w, const json&) { w.grpc.down(); })},
      {"terminal", plain([](whole& w, const json& c) { w.http.add_terminal(c.at("id"), c.at("terminal")); })},
      {"bare_task", plain([](whole& w, const json& c) { w.http.add_bare_task(c.at("id")); })},
      {"write", plain([](whole& w, const json& c) {
         w.http.write(c.at("id"), c.at("terminal"), bytes_of(c, "data"));
       })},
      {"raw", plain([](whole& w, const json& c) {
         w.http.send_raw(c.at("id"), c.at("terminal"), bytes_of(c, "data"));
       })},
      {"exit",
       plain([](whole& w, const json& c) { w.http.exit(c.at("id"), c.at("terminal"), c.value("code", 0)); })},
      {"cut", plain([](whole& w, const json& c) { w.http.set_cut(c.at("id"), c.at("bytes")); })},
      {"http", plain([](whole& w, const json& c) {
         w.http.script(c.at("id"), c.at("what"), c.at("statuses").get<std::vector<int>>());
       })},
      {"live", plain([](whole& w, const json& c) { w.http.set_live(c.at("bytes"), c.at("every_ms")); })},
  };
  return all;
}

} // namespace

std::string carry_out(whole& all, const std::string& line) {
  json answer;
  try {
    auto command = json::parse(line);
    auto found = verbs().find(command.at("do").get<std::string>());
    if (found == verbs().end()) throw std::runtime_error("no such command");
    answer = found->second(all, command);
    if (answer.is_null()) answer = json::object();
  } catch (const std::exception& e) {
    answer = {{"error", e.what()}};
  }
  return answer.dump();
}

} // namespace ib::standin
