#include "actors/engine/base_build.hpp"

namespace ib {

namespace {

/// Where a registry refuses buildah and not us, nobody knows which one, and for how long.
std::string refusing_one_of(const std::vector<reference>& images) {
  return images.size() == 1 ? images.front().domain : "the registry of a FROM image";
}

} // namespace

io::task<result<std::string>> base_build::run(const image_build& what, const std::vector<reference>& images) {
  auto waiting = await_registries(images, false);
  auto waited = co_await waiting;
  while (waited) {
    auto entering = context_.threads.call<bool>(
        [this](const std::function<void(bool)>& in) { context_.store.enter([in] { in(true); }); });
    co_await entering;
    in_the_store_.emplace(context_.store);
    auto building = tool_.build(what);
    auto built = co_await building;
    if (built || built.error().code != error_code::too_many_requests) co_return built;
    in_the_store_.reset();
    auto waiting_again = await_registries(images, true);
    waited = co_await waiting_again;
    if (!waited || *waited) continue;
    auto leaving_alone = progress_.leave_alone(refusing_one_of(images), built.error());
    auto whole = co_await leaving_alone;
    if (!whole) waited = run_progress::stopped_error();
  }
  co_return waited.error();
}

/// True where one of them limited our rate, after its time. In the place of a registry with a mirror the
/// mirror is asked for images, so that its own limit only counts once it has made itself felt.
io::task<result<bool>> base_build::await_registries(const std::vector<reference>& images, bool refused) {
  bool waited = false;
  for (const auto& image : images) {
    if (!refused && is_mirrored(image.domain)) continue;
    auto asking = await_registry(image);
    auto limited = co_await asking;
    if (!limited) co_return limited;
    waited = waited || *limited;
  }
  co_return waited;
}

/// Whatever else is wrong with the image, buildah will say.
io::task<result<bool>> base_build::await_registry(const reference& image) {
  bool limited = false;
  auto asking = progress_.patiently<io::found_image>(image.domain, [&] {
    return context_.threads.call<result<io::found_image>>([&](auto done) {
      auto take = [&limited, done](result<io::found_image> found) {
        limited = limited || (!found && found.error().code == error_code::too_many_requests);
        done(std::move(found));
      };
      context_.registry->head({image, plan_.auth, registry_purpose::dockerfile, false, progress_.stop()},
                              std::move(take));
    });
  });
  auto asked = co_await asking;
  static_cast<void>(asked);
  if (progress_.stopped()) co_return run_progress::stopped_error();
  co_return limited;
}

bool base_build::is_mirrored(const std::string& domain) const {
  const auto known = context_.registries.registries.find(domain);
  return known != context_.registries.registries.end() && !known->second.mirror.empty();
}

} // namespace ib
