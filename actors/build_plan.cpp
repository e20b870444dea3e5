#include "actors/build_plan.hpp"

#include "actors/build_channel.hpp"
#include "actors/domain/auth_policy.hpp"
#include "actors/domain/reference.hpp"
#include "actors/source_words.hpp"

#include <utility>

namespace ib {

namespace {

/// What a censored log leaves out: the image references and repository names of the build.
std::vector<std::string> censored_words(const build_plan& plan) {
  std::vector<std::string> words{plan.workspace_ref, plan.base_ref};
  if (auto* source = std::get_if<reference_source>(&plan.source)) words.push_back(source->ref);
  for (const auto& text : std::vector<std::string>(words)) {
    auto ref = parse_reference(text);
    if (!ref) continue;
    words.push_back(ref->repository());
    words.push_back(ref->path);
    if (!ref->tag.empty()) words.push_back(ref->path + ":" + ref->tag);
  }
  return words;
}

} // namespace

build_identity identity_of(const build_plan& plan) {
  build_identity identity;
  identity.build_id = plan.build_id;
  identity.workspace_ref = plan.workspace_ref;
  identity.base_ref = plan.base_ref;
  identity.triggered_by = plan.triggered_by;
  identity.created_ms = plan.created_ms;
  identity.log_url = plan.log_url;
  identity.owner_token = plan.owner_token;
  identity.censored_words = censored_words(plan);
  identity.source = source_in_words(plan.source);
  return identity;
}

std::vector<std::string> secrets_of(const build_plan& plan) {
  auto secrets = secrets_of(plan.auth);
  for (auto& secret : secrets_of(plan.source))
    secrets.push_back(std::move(secret));
  if (!plan.owner_token.empty()) secrets.push_back(plan.owner_token);
  return secrets;
}

} // namespace ib
