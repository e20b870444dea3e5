#include "actors/running_builds.hpp"

#include <algorithm>

namespace ib {

namespace {

const std::string& id_of(const build_channel* channel) { return channel->identity().build_id; }
const std::string& reference_of(const build_channel* channel) { return channel->identity().workspace_ref; }

channel_ptr find_in(const std::vector<build_channel*>& sorted, const std::string& key,
                    const std::string& (*key_of)(const build_channel*)) {
  auto found = std::ranges::lower_bound(sorted, key, {}, key_of);
  return found == sorted.end() || key_of(*found) != key ? nullptr : (*found)->shared_from_this();
}

void insert(std::vector<build_channel*>& sorted, build_channel* channel,
            const std::string& (*key_of)(const build_channel*)) {
  sorted.insert(std::ranges::upper_bound(sorted, key_of(channel), {}, key_of), channel);
}

} // namespace

void running_builds::add(const channel_ptr& channel) {
  auto created = [](const channel_ptr& one) { return one->identity().created_ms; };
  channels_.insert(std::ranges::upper_bound(channels_, created(channel), {}, created), channel);
  insert(by_id_, channel.get(), id_of);
  insert(by_reference_, channel.get(), reference_of);
}

void running_builds::remove(const std::string& build_id) {
  auto gone = find(build_id);
  if (!gone) return;
  std::erase(by_id_, gone.get());
  std::erase(by_reference_, gone.get());
  std::erase(channels_, gone);
}

channel_ptr running_builds::find(const std::string& build_id) const {
  return find_in(by_id_, build_id, id_of);
}

channel_ptr running_builds::find_reference(const std::string& workspace_ref) const {
  return find_in(by_reference_, workspace_ref, reference_of);
}

} // namespace ib
