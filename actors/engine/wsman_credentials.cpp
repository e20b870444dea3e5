#include "actors/engine/wsman_credentials.hpp"

#include "actors/domain/reference.hpp"
#include "actors/engine/wsman_names.hpp"

#include <atomic>
#include <utility>
#include <variant>
#include <vector>

namespace ib {

namespace {

struct question {
  std::string name; ///< under which the answer is told
  std::string domain;
  registry_purpose purpose = registry_purpose::dockerfile;
};

/// The answers, each written by the one who gives it; the last one tells all.
struct gathering {
  std::vector<question> questions;
  std::vector<registry_credential> answers;
  std::atomic<size_t> missing{0};
  std::function<void(std::shared_ptr<const from_credentials>)> done;

  void answered() {
    if (--missing > 0) return;
    auto all = std::make_shared<from_credentials>();
    for (size_t i = 0; i < questions.size(); ++i)
      if (!answers[i].empty()) (*all)[questions[i].name] = std::move(answers[i]);
    done(std::move(all));
  }
};

std::vector<question> questions_of(const build_plan& plan, const std::string& ecr_domain) {
  std::vector<question> questions;
  for (const auto& [domain, value] : plan.auth.additional)
    questions.push_back({domain, domain});
  // An image that is only republished is read as the request may read it.
  auto purpose = std::holds_alternative<reference_source>(plan.source) ? registry_purpose::resolve
                                                                       : registry_purpose::dockerfile;
  if (auto base = parse_reference(plan.base_ref); base && !plan.auth.additional.contains(base->domain))
    questions.push_back({base->domain, base->domain, purpose});
  if (!ecr_domain.empty()) questions.push_back({wsman_names::any_ecr_domain, ecr_domain});
  return questions;
}

} // namespace

void gather_credentials(const io::credential_store& store, const build_plan& plan,
                        const std::string& ecr_domain,
                        std::function<void(std::shared_ptr<const from_credentials>)> done) {
  auto all = std::make_shared<gathering>();
  all->questions = questions_of(plan, ecr_domain);
  all->answers.resize(all->questions.size());
  all->missing =
      all->questions.size() + 1; // one for this function: none may be the last before all are asked
  all->done = std::move(done);
  for (size_t i = 0; i < all->questions.size(); ++i)
    store.find(plan.auth, all->questions[i].purpose, all->questions[i].domain,
               [all, i](registry_credential found) {
                 all->answers[i] = std::move(found);
                 all->answered();
               });
  all->answered();
}

} // namespace ib
