#include "tests/support/wsman_standin/book.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ib::standin {

namespace {

bool matches(const wsman::WorkspaceStatus& status, const wsman::MetadataFilter& filter) {
  const auto& metadata = status.metadata();
  if (!filter.owner().empty() && filter.owner() != metadata.owner()) return false;
  if (!filter.meta_id().empty() && filter.meta_id() != metadata.meta_id()) return false;
  for (const auto& [name, value] : filter.annotations()) {
    auto found = metadata.annotations().find(name);
    if (found == metadata.annotations().end() || found->second != value) return false;
  }
  return true;
}

wsman::WorkspaceStatus status_of(const wsman::StartWorkspaceRequest& request) {
  wsman::WorkspaceStatus status;
  status.set_id(request.id());
  *status.mutable_metadata() = request.metadata();
  auto now = std::chrono::system_clock::now().time_since_epoch();
  status.mutable_metadata()->mutable_started_at()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(now).count());
  auto* spec = status.mutable_spec();
  spec->set_workspace_image(request.spec().workspace_image());
  spec->set_headless(true);
  spec->set_type(request.type());
  spec->set_timeout(request.spec().timeout());
  *spec->mutable_ide_image() = request.spec().ide_image();
  return status;
}

} // namespace

void book::set_url_base(std::string base) {
  std::lock_guard lock(mutex_);
  url_base_ = std::move(base);
}

void book::set_auto_run(bool on) {
  std::lock_guard lock(mutex_);
  auto_run_ = on;
}

void book::set_quiet(bool on) {
  std::lock_guard lock(mutex_);
  quiet_ = on;
}

void book::script(const std::string& method, std::vector<scripted_answer> answers) {
  std::lock_guard lock(mutex_);
  auto& queue = scripts_[method];
  queue.insert(queue.end(), answers.begin(), answers.end());
}

void book::unscript() {
  std::lock_guard lock(mutex_);
  scripts_.clear();
}

std::optional<scripted_answer> book::next_answer(const std::string& method,
                                                 const std::function<bool()>& given_up) {
  std::unique_lock lock(mutex_);
  ++counts_[method];
  changed_.notify_all();
  auto& queue = scripts_[method];
  if (queue.empty()) return std::nullopt;
  auto answer = queue.front();
  queue.pop_front();
  while (!answer.hold.empty() && !released_.contains(answer.hold) && !given_up())
    changed_.wait_for(lock, std::chrono::milliseconds(50));
  return answer;
}

void book::release(const std::string& name) {
  std::lock_guard lock(mutex_);
  released_.insert(name);
  changed_.notify_all();
}

bool book::start(const wsman::StartWorkspaceRequest& request, wsman::StartWorkspaceResponse& response,
                 const scripted_answer& how) {
  std::lock_guard lock(mutex_);
  if (workspaces_.contains(request.id())) return false;
  auto& status = workspaces_[request.id()] = status_of(request);
  response.set_url(how.url.value_or(url_base_ + "/" + request.id()));
  response.set_owner_token(how.owner_token.value_or("owner-token-of-" + request.id()));
  status.mutable_spec()->set_url(response.url());
  status.mutable_auth()->set_owner_token(response.owner_token());
  set_phase(status, wsman::PENDING);
  if (auto_run_) set_phase(status, wsman::RUNNING);
  return true;
}

bool book::stop(const wsman::StopWorkspaceRequest& request) {
  std::lock_guard lock(mutex_);
  auto found = workspaces_.find(request.id());
  if (found == workspaces_.end()) return false;
  set_phase(found->second, wsman::STOPPING);
  set_phase(found->second, wsman::STOPPED);
  workspaces_.erase(found);
  return true;
}

std::optional<wsman::WorkspaceStatus> book::describe(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto found = workspaces_.find(id);
  if (found == workspaces_.end()) return std::nullopt;
  return found->second;
}

std::vector<wsman::WorkspaceStatus> book::list(const wsman::MetadataFilter& filter) const {
  std::lock_guard lock(mutex_);
  std::vector<wsman::WorkspaceStatus> found;
  for (const auto& [id, status] : workspaces_)
    if (matches(status, filter)) found.push_back(status);
  return found;
}

std::vector<std::string> book::ids() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [id, status] : workspaces_)
    all.push_back(id);
  return all;
}

std::string book::owner_token_of(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto found = workspaces_.find(id);
  return found == workspaces_.end() ? "owner-token-of-" + id : found->second.auth().owner_token();
}

void book::put(const wsman::WorkspaceStatus& status, bool keep) {
  std::lock_guard lock(mutex_);
  version_ = std::max<uint64_t>(version_, status.status_version());
  if (keep) workspaces_[status.id()] = status;
  tell(status);
}

void book::forget(const std::string& id) {
  std::lock_guard lock(mutex_);
  workspaces_.erase(id);
}

std::shared_ptr<subscriber> book::subscribe(const wsman::MetadataFilter& filter) {
  std::lock_guard lock(mutex_);
  auto who = std::make_shared<subscriber>();
  who->filter = filter;
  subscribers_.insert(who);
  ++counts_["subscribed"];
  changed_.notify_all();
  return who;
}

void book::unsubscribe(const std::shared_ptr<subscriber>& who) {
  std::lock_guard lock(mutex_);
  subscribers_.erase(who);
  --counts_["subscribed"];
  changed_.notify_all();
}

std::shared_ptr<const wsman::SubscribeResponse> book::next(const std::shared_ptr<subscriber>& who,
                                                           int patience_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(patience_ms),
                    [&] { return !who->waiting.empty() || who->end; });
  if (who->waiting.empty()) return nullptr;
  auto message = who->waiting.front();
  who->waiting.pop_front();
  return message;
}

std::optional<std::pair<int, std::string>> book::end_of(const std::shared_ptr<subscriber>& who) const {
  std::lock_guard lock(mutex_);
  return who->end;
}

void book::end_subscriptions(int code, const std::string& message) {
  std::lock_guard lock(mutex_);
  for (const auto& who : subscribers_)
    who->end = {code, message};
  changed_.notify_all();
}

void book::record(const wsman::StartWorkspaceRequest& request) {
  std::lock_guard lock(mutex_);
  starts_.push_back(request);
}

void book::record(const wsman::StopWorkspaceRequest& request) {
  std::lock_guard lock(mutex_);
  stops_.push_back(request);
}

void book::record(const wsman::MetadataFilter& filter) {
  std::lock_guard lock(mutex_);
  filters_.push_back(filter);
}

void book::count(const std::string& what, int by) {
  std::lock_guard lock(mutex_);
  counts_[what] += by;
  changed_.notify_all();
}

int64_t book::counted(const std::string& what) const {
  std::lock_guard lock(mutex_);
  auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

bool book::wait_until_counted(const std::string& what, int64_t at_least, int patience_ms) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] {
    auto found = counts_.find(what);
    return found != counts_.end() && found->second >= at_least;
  });
}

std::vector<wsman::StartWorkspaceRequest> book::starts() const {
  std::lock_guard lock(mutex_);
  return starts_;
}

std::vector<wsman::StopWorkspaceRequest> book::stops() const {
  std::lock_guard lock(mutex_);
  return stops_;
}

std::vector<wsman::MetadataFilter> book::filters() const {
  std::lock_guard lock(mutex_);
  return filters_;
}

std::map<std::string, int64_t> book::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void book::tell(const wsman::WorkspaceStatus& status) {
  if (quiet_) return;
  auto message = std::make_shared<wsman::SubscribeResponse>();
  *message->mutable_status() = status;
  for (const auto& who : subscribers_)
    // A status without metadata is one that a test made so: it concerns everybody.
    if (!status.has_metadata() || matches(status, who->filter)) who->waiting.push_back(message);
  changed_.notify_all();
}

void book::set_phase(wsman::WorkspaceStatus& status, wsman::WorkspacePhase phase) {
  status.set_phase(phase);
  status.set_status_version(++version_);
  tell(status);
}

} // namespace ib::standin
