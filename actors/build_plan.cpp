#include "actors/build_plan.hpp"

#include "actors/build_channel.hpp"
#include "actors/domain/auth_policy.hpp"
#include "actors/source_words.hpp"

#include <utility>

namespace ib {

build_identity identity_of(const build_plan& plan) {
  build_identity identity;
  identity.build_id = plan.build_id;
  identity.workspace_ref = plan.workspace_ref;
  identity.base_ref = plan.base_ref;
  identity.triggered_by = plan.triggered_by;
  identity.created_ms = plan.created_ms;
  identity.log_url = plan.log_url;
  identity.owner_token = plan.owner_token;
  if (auto* source = std::get_if<reference_source>(&plan.source)) identity.source_ref = source->ref;
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
