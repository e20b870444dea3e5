#pragma once

#include "actors/build_plan.hpp"
#include "actors/engine/wsman_manager.hpp"
#include "actors/io/credential_source.hpp"

#include <functional>
#include <memory>
#include <string>

namespace ib {

/// What `FROM` may use in a build (spec: images.md, "Credentials"): the request's own entries, the base
/// image's registry where allowed, and the password of `ecr_domain`, where there is one, under the domain
/// that stands for all ECR registries. `done` is called once, on any thread.
void gather_credentials(const io::credential_store& store, const build_plan& plan,
                        const std::string& ecr_domain,
                        std::function<void(std::shared_ptr<const from_credentials>)> done);

} // namespace ib
