#pragma once

#include "ws-manager-api/core.pb.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ib::standin {

/// How a call is to be answered, where a test wants it otherwise than usual.
struct scripted_answer {
  int code = 0; ///< a gRPC code
  std::string message;
  bool do_it = false;             ///< with an error: carry it out all the same
  std::string hold;               ///< wait until this name is released
  std::optional<std::string> url; ///< of StartWorkspace
  std::optional<std::string> owner_token;
};

/// One open Subscribe call.
struct subscriber {
  wsman::MetadataFilter filter;
  std::deque<std::shared_ptr<const wsman::SubscribeResponse>> waiting;
  std::optional<std::pair<int, std::string>> end; ///< the call ends with this gRPC status
};

/// Everything the stand-in knows and was told, and what was asked of it. Any thread.
class book {
public:
  /// Where the workspaces' supervisors are found: `<base>/<workspace id>`.
  void set_url_base(std::string base);
  /// Every workspace that is started from now on is pending and then runs by itself.
  void set_auto_run(bool on);
  /// Changes are not told to subscribers any more.
  void set_quiet(bool on);

  // --- scripts ---

  void script(const std::string& method, std::vector<scripted_answer> answers);
  /// Every call is answered as usual from now on.
  void unscript();
  /// The script of the next call of a method, once it may be answered; none where the call is as usual.
  std::optional<scripted_answer> next_answer(const std::string& method,
                                             const std::function<bool()>& given_up);
  void release(const std::string& name);

  // --- workspaces ---

  /// False where one of that id is there.
  bool start(const wsman::StartWorkspaceRequest& request, wsman::StartWorkspaceResponse& response,
             const scripted_answer& how);
  /// False where there is none. It stops, and then it is gone.
  bool stop(const wsman::StopWorkspaceRequest& request);
  std::optional<wsman::WorkspaceStatus> describe(const std::string& id) const;
  std::vector<wsman::WorkspaceStatus> list(const wsman::MetadataFilter& filter) const;
  std::string owner_token_of(const std::string& id) const;

  /// Makes a status the current one of its workspace, where it is to be kept, and tells the subscribers.
  void put(const wsman::WorkspaceStatus& status, bool keep);
  /// The workspace as it is, with a newer version; `change` alters it.
  template <class Change>
  bool alter(const std::string& id, Change change) {
    std::unique_lock lock(mutex_);
    auto found = workspaces_.find(id);
    if (found == workspaces_.end()) return false;
    found->second.set_status_version(++version_);
    change(found->second);
    tell(found->second);
    return true;
  }
  std::vector<std::string> ids() const;
  /// Gone, and nobody is told.
  void forget(const std::string& id);

  // --- subscribers ---

  std::shared_ptr<subscriber> subscribe(const wsman::MetadataFilter& filter);
  void unsubscribe(const std::shared_ptr<subscriber>& who);
  /// The next message; null where the call is to end (see subscriber::end) or `patience_ms` have passed.
  std::shared_ptr<const wsman::SubscribeResponse> next(const std::shared_ptr<subscriber>& who,
                                                       int patience_ms);
  std::optional<std::pair<int, std::string>> end_of(const std::shared_ptr<subscriber>& who) const;
  void end_subscriptions(int code, const std::string& message);

  // --- what was asked ---

  void record(const wsman::StartWorkspaceRequest& request);
  void record(const wsman::StopWorkspaceRequest& request);
  void record(const wsman::MetadataFilter& filter);
  void count(const std::string& what, int by = 1);
  int64_t counted(const std::string& what) const;
  /// Waits until something was counted so often; false where it takes too long.
  bool wait_until_counted(const std::string& what, int64_t at_least, int patience_ms) const;
  std::vector<wsman::StartWorkspaceRequest> starts() const;
  std::vector<wsman::StopWorkspaceRequest> stops() const;
  std::vector<wsman::MetadataFilter> filters() const; ///< of every list and subscription
  std::map<std::string, int64_t> counts() const;

private:
  void tell(const wsman::WorkspaceStatus& status);
  void set_phase(wsman::WorkspaceStatus& status, wsman::WorkspacePhase phase);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string url_base_;
  bool auto_run_ = false;
  bool quiet_ = false;
  uint64_t version_ = 0;
  std::map<std::string, wsman::WorkspaceStatus> workspaces_;
  std::map<std::string, std::deque<scripted_answer>> scripts_;
  std::set<std::string> released_;
  std::set<std::shared_ptr<subscriber>> subscribers_;
  std::map<std::string, int64_t> counts_;
  std::vector<wsman::StartWorkspaceRequest> starts_;
  std::vector<wsman::StopWorkspaceRequest> stops_;
  std::vector<wsman::MetadataFilter> filters_;
};

} // namespace ib::standin
