#include "actors/engine/base_build.hpp"

namespace ib {

result<std::string> base_build::run(const image_build& what, const std::vector<reference>& images) {
  // Where a registry refuses buildah and not us, nobody knows which one, and for how long.
  const auto registry = images.size() == 1 ? images.front().domain : "the registry of a FROM image";
  auto waited = await_registries(images, false);
  while (waited) {
    in_the_store_.emplace(context_.store);
    auto built = tool_.build(what);
    if (built || built.error().code != error_code::too_many_requests) return built;
    in_the_store_.reset();
    waited = await_registries(images, true);
    if (waited && !*waited && !progress_.leave_alone(registry, built.error()))
      waited = run_progress::stopped_error();
  }
  return waited.error();
}

/// True where one of them limited our rate, after its time. In the place of a registry with a mirror the
/// mirror is asked for images, so that its own limit only counts once it has made itself felt.
result<bool> base_build::await_registries(const std::vector<reference>& images, bool refused) {
  bool waited = false;
  for (const auto& image : images) {
    if (!refused && is_mirrored(image.domain)) continue;
    auto limited = await_registry(image);
    if (!limited) return limited;
    waited = waited || *limited;
  }
  return waited;
}

/// Whatever else is wrong with the image, buildah will say.
result<bool> base_build::await_registry(const reference& image) {
  bool limited = false;
  auto asked = progress_.patiently<void>(image.domain, [&]() -> result<void> {
    auto found = wait_for<io::found_image>([&](auto done) {
      context_.registry->head({image, plan_.auth, registry_purpose::dockerfile, false, progress_.stop()},
                              std::move(done));
    });
    if (found || found.error().code != error_code::too_many_requests) return {};
    limited = true;
    return found.error();
  });
  if (!asked) return asked.error();
  if (progress_.stopped()) return run_progress::stopped_error();
  return limited;
}

bool base_build::is_mirrored(const std::string& domain) const {
  const auto known = context_.registries.registries.find(domain);
  return known != context_.registries.registries.end() && !known->second.mirror.empty();
}

} // namespace ib
