#include "actors/engine/wsman_status.hpp"

#include "actors/engine/wsman_names.hpp"

namespace ib {

namespace {

std::string with_message(std::string words, const std::string& message) {
  return message.empty() ? words : words + ": " + message;
}

/// A failed task is the build itself, so that the user's files are to blame (spec: api.md, "Build").
std::string build_failure_words(const std::string& text) {
  const std::string prefix = "build failed: ";
  return text.starts_with(prefix) ? text : prefix + text;
}

workspace_verdict ended(const workspace_status& status) {
  workspace_verdict verdict;
  verdict.ended = true;
  verdict.phase = build_state::verifying;
  if (!status.headless_task_failed.empty()) {
    auto words = build_failure_words(status.headless_task_failed);
    if (!status.failed.empty() && status.failed != status.headless_task_failed) words += "; " + status.failed;
    verdict.failure = run_failed{fault_class::user, words};
  } else if (!status.failed.empty()) {
    verdict.failure = run_failed{fault_class::infrastructure, status.failed};
  }
  return verdict;
}

workspace_verdict runs(build_state phase, std::string words) {
  return {false, phase, std::move(words), std::nullopt};
}

} // namespace

workspace_verdict verdict_of(const workspace_status& status) {
  switch (status.phase) {
  case workspace_phase::unknown:
    return runs(build_state::preparing,
                with_message("the state of the build's workspace is unknown", status.message));
  case workspace_phase::pending:
    return runs(build_state::preparing, with_message("waiting for a place in the cluster", status.message));
  case workspace_phase::creating:
    return runs(build_state::preparing, with_message("creating the build's workspace", status.message));
  case workspace_phase::initializing:
    return runs(build_state::preparing, with_message("fetching the source", status.message));
  case workspace_phase::running:
    return runs(build_state::building, "building");
  case workspace_phase::interrupted:
    return runs(build_state::building, with_message("the build's workspace is interrupted", status.message));
  case workspace_phase::stopping:
  case workspace_phase::stopped:
    return ended(status);
  }
  return runs(build_state::preparing, "");
}

bool is_news(uint64_t known, const workspace_status& next) {
  return next.version == 0 || next.version > known;
}

run_failed no_image_failure(const std::string& timeout) {
  std::string words = "image build did not produce a workspace image";
  if (!timeout.empty()) words += ": " + timeout;
  return {fault_class::infrastructure, words};
}

std::optional<found_build> found_build_of(const workspace_status& status) {
  if (status.managed_by != wsman_names::manager || status.id.empty() || status.workspace_ref.empty())
    return std::nullopt;
  if (verdict_of(status).ended) return std::nullopt;
  return found_build{status.id, status.workspace_ref, status.base_ref, status.owner, status.started_at_ms};
}

} // namespace ib
