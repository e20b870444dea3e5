#include "actors/io/credential_source.hpp"

#include "actors/io/log.hpp"

#include <utility>

namespace ib::io {

namespace {

/// One walk through the sources; alive until it has answered, whatever becomes of the store.
struct credential_search : std::enable_shared_from_this<credential_search> {
  std::vector<credential_kind> kinds;
  size_t next = 0;
  std::string domain;
  registry_credential own; ///< the request's entry for the domain
  std::shared_ptr<credential_source> service_file;
  std::shared_ptr<credential_source> ecr;
  std::function<void(registry_credential)> done;

  void step() {
    while (next < kinds.size()) {
      auto kind = kinds[next++];
      if (kind == credential_kind::request) {
        if (!own.empty()) return done(own);
        continue;
      }
      auto& source = kind == credential_kind::ecr ? ecr : service_file;
      if (!source) continue;
      return source->find(domain, [self = shared_from_this()](result<registry_credential> found) {
        self->take(std::move(found));
      });
    }
    done({});
  }

  void take(result<registry_credential> found) {
    if (found && !found->empty()) return done(std::move(*found));
    if (!found)
      log_error("a source of registry credentials failed",
                {{"registry", domain}, {"cause", found.error().message}});
    step();
  }
};

} // namespace

credential_store::credential_store(auth_policy policy, std::shared_ptr<credential_source> service_file,
                                   std::shared_ptr<credential_source> ecr)
    : policy_(std::move(policy)), service_file_(std::move(service_file)), ecr_(std::move(ecr)) {}

void credential_store::find(const request_auth& auth, registry_purpose purpose, const std::string& domain,
                            std::function<void(registry_credential)> done) const {
  auto search = std::make_shared<credential_search>();
  search->kinds = policy_.sources(auth, purpose, domain);
  search->domain = domain;
  search->own = auth_policy::from_request(auth, domain);
  search->service_file = service_file_;
  search->ecr = ecr_;
  search->done = std::move(done);
  search->step();
}

} // namespace ib::io
