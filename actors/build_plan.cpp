#include "actors/build_plan.hpp"

#include "actors/domain/auth_policy.hpp"
#include "actors/source_words.hpp"

#include <utility>

namespace ib {

void name_source(build_plan& plan) {
  if (auto* source = std::get_if<reference_source>(&plan.source)) plan.source_ref = source->ref;
  plan.source_words = source_in_words(plan.source);
}

std::vector<std::string> secrets_of(const build_plan& plan) {
  auto secrets = secrets_of(plan.auth);
  for (auto& secret : secrets_of(plan.source))
    secrets.push_back(std::move(secret));
  if (!plan.owner_token.empty()) secrets.push_back(plan.owner_token);
  return secrets;
}

} // namespace ib
