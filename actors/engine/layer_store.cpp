#include "actors/engine/layer_store.hpp"

#include "actors/engine/buildah.hpp"
#include "actors/io/log.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

namespace ib {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

json read_json(const fs::path& path) {
  std::ifstream file(path);
  auto parsed = json::parse(file, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

/// A member of an object where it is a string, else empty: nothing here may throw over a strange file.
std::string text_of(const json& object, const char* name) {
  if (!object.is_object()) return {};
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool has_mark(const json& container, const std::string& mark) {
  static const json::json_pointer secrets_at("/CommonBuildOpts/Secrets");
  if (!container.is_object() || !container.contains(secrets_at)) return false;
  const auto& secrets = container.at(secrets_at);
  if (!secrets.is_array()) return false;
  return std::any_of(secrets.begin(), secrets.end(), [&](const json& secret) {
    return secret.is_string() && secret.get<std::string>() == mark;
  });
}

struct layer {
  std::string parent;
  uint64_t bytes = 0;
};

/// The layers of the store by id. An entry without a size is an empty layer.
class layer_tree {
public:
  explicit layer_tree(const json& index) {
    if (!index.is_array()) return;
    for (const auto& entry : index) {
      auto id = text_of(entry, "id");
      if (id.empty()) continue;
      auto size = entry.find("diff-size");
      auto bytes = size != entry.end() && size->is_number_unsigned() ? size->get<uint64_t>() : 0;
      layers_[id] = {text_of(entry, "parent"), bytes};
    }
  }

  /// The layer and all below it, the topmost first.
  std::vector<std::string> chain(const std::string& id) const {
    std::vector<std::string> ids;
    for (auto found = layers_.find(id); found != layers_.end() && ids.size() < layers_.size();
         found = layers_.find(found->second.parent))
      ids.push_back(found->first);
    return ids;
  }

  /// With `copied` (the vfs driver) each layer is a whole copy of what is below it.
  uint64_t bytes(bool copied) const {
    uint64_t sum = 0;
    for (const auto& [id, own] : layers_) {
      sum += own.bytes;
      if (!copied) continue;
      for (const auto& below : chain(own.parent))
        sum += layers_.at(below).bytes;
    }
    return sum;
  }

private:
  std::map<std::string, layer> layers_;
};

} // namespace

layer_store::layer_store(const engine_folders& folders, const build_tools& tools)
    : storage_(folders.storage), driver_(tools.storage_driver) {}

fs::path layer_store::folder_of(const char* kind) const { return storage_ / (driver_ + "-" + kind); }

fs::path layer_store::index_of(const char* kind) const {
  return folder_of(kind) / (std::string(kind) + ".json");
}

std::vector<std::string> layer_store::working_containers(const std::string& mark) const {
  std::vector<std::string> ids;
  std::error_code failed;
  for (fs::directory_iterator entry(folder_of("containers"), failed), end; !failed && entry != end;
       entry.increment(failed))
    if (has_mark(read_json(entry->path() / "userdata" / "buildah.json"), mark))
      ids.push_back(entry->path().filename());
  return ids;
}

/// The time of the image's folder is the time of its last use: it is made when the image is, goes when the
/// image goes, and means nothing to the store itself.
void layer_store::note_use(const std::string& image_id) const {
  auto images = read_json(index_of("images"));
  if (!images.is_array()) return;
  auto used = std::find_if(images.begin(), images.end(),
                           [&](const json& image) { return text_of(image, "id") == image_id; });
  if (used == images.end()) return;
  auto chain = layer_tree(read_json(index_of("layers"))).chain(text_of(*used, "layer"));
  auto now = fs::file_time_type::clock::now();
  for (const auto& image : images) {
    auto layer = text_of(image, "layer");
    if (std::find(chain.begin(), chain.end(), layer) == chain.end()) continue;
    std::error_code ignored; // an image that went meanwhile
    fs::last_write_time(folder_of("images") / text_of(image, "id"), now, ignored);
  }
}

uint64_t layer_store::size() const {
  return layer_tree(read_json(index_of("layers"))).bytes(driver_ == "vfs");
}

std::vector<std::string> layer_store::oldest_first() const {
  struct use {
    fs::file_time_type when;
    size_t depth;
    std::string id;
  };
  std::vector<use> uses;
  layer_tree layers(read_json(index_of("layers")));
  auto images = read_json(index_of("images"));
  if (!images.is_array()) return {};
  for (const auto& image : images) {
    auto id = text_of(image, "id");
    std::error_code failed;
    auto when = fs::last_write_time(folder_of("images") / id, failed);
    if (!id.empty() && !failed) uses.push_back({when, layers.chain(text_of(image, "layer")).size(), id});
  }
  std::sort(uses.begin(), uses.end(), [](const use& a, const use& b) {
    return a.when != b.when ? a.when < b.when : a.depth > b.depth;
  });
  std::vector<std::string> ids;
  for (auto& image : uses)
    ids.push_back(std::move(image.id));
  return ids;
}

io::task<result<void>> remove_working_containers(const local_context& context, const build_tools& tools,
                                                 fs::path run_folder) {
  // Without the build's own stop token, which a killed build has used up.
  buildah tool(context, tools, run_folder, {}, {});
  auto arguments = layer_store(context.folders, tools).working_containers(tool.mark());
  if (arguments.empty()) co_return result<void>();
  arguments.insert(arguments.begin(), "rm");
  auto removing = tool.capture(std::move(arguments));
  auto removed = co_await removing;
  if (!removed)
    io::log_warning("cannot remove the working containers of a build: " + removed.error().message,
                    {{"folder", run_folder.string()}});
  co_return result<void>();
}

namespace {

/// The pruner's stay in the store, alone.
class lone_visit {
public:
  explicit lone_visit(store_gate& gate) : gate_(gate), in_(gate.enter_alone()) {}
  ~lone_visit() {
    if (in_) gate_.leave_alone();
  }
  lone_visit(const lone_visit&) = delete;
  lone_visit& operator=(const lone_visit&) = delete;

  bool is_in() const { return in_; }

private:
  store_gate& gate_;
  bool in_;
};

} // namespace

io::task<result<void>> prune_layers(const local_context& context, const build_tools& tools) {
  layer_store store(context.folders, tools);
  const auto limit = context.settings.layer_cache_bytes;
  const auto before = store.size();
  if (before <= limit) co_return result<void>();
  size_t removed = 0;
  {
    lone_visit here(context.store);
    if (!here.is_in()) co_return result<void>();
    auto folder = context.folders.builds / "prune";
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    auto stop = context.shutdown.get_token();
    buildah tool(context, tools, folder, {}, stop);
    auto ids = tool.prepare({}) ? store.oldest_first() : std::vector<std::string>();
    for (const auto& id : ids) {
      if (store.size() <= limit || context.store.awaited() || stop.stop_requested()) break;
      std::vector<std::string> arguments{"rmi", "--force", id};
      auto removing = tool.capture(std::move(arguments));
      auto gone = co_await removing;
      // An image goes with those below it that nothing else is built upon: later ids may be gone by now.
      if (gone) ++removed;
    }
    fs::remove_all(folder, ignored);
  }
  if (removed > 0)
    io::log_info("pruned the layer cache", {{"images", std::to_string(removed)},
                                            {"bytes_before", std::to_string(before)},
                                            {"bytes_now", std::to_string(store.size())}});
  co_return result<void>();
}

} // namespace ib
