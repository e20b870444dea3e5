#include "actors/engine/layer_store.hpp"

#include "actors/engine/store_gate.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace fs = std::filesystem;

namespace {

/// A store as buildah writes it: two images upon one base, and the working containers of two builds.
class fake_store {
public:
  explicit fake_store(const std::string& driver) {
    std::string name = (fs::temp_directory_path() / "layer-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name;
    tools.storage_driver = driver;
    folders.storage = root_ / "storage";
    write(driver + "-layers/layers.json",
          R"([{"id":"l-base","diff-size":100},{"id":"l-a","parent":"l-base","diff-size":10},
              {"id":"l-b","parent":"l-base","diff-size":1},{"id":"l-empty","parent":"l-b"}])");
    write(driver + "-images/images.json",
          R"([{"id":"base","layer":"l-base"},{"id":"a","layer":"l-a"},{"id":"b","layer":"l-b"}])");
    for (const char* image : {"base", "a", "b"}) {
      fs::create_directories(folders.storage / (driver + "-images") / image);
      used(image, std::chrono::hours(1));
    }
    container("c1", R"({"CommonBuildOpts":{"Secrets":["id=mine,src=/dev/null"]}})");
    container("c2", R"({"CommonBuildOpts":{"Secrets":["id=other,src=/dev/null"]}})");
    container("c3", R"({"CommonBuildOpts":{"Secrets":null}})");
    container("c4", "cut sho");
  }
  ~fake_store() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  fake_store(const fake_store&) = delete;
  fake_store& operator=(const fake_store&) = delete;

  void used(const std::string& image, std::chrono::seconds ago) {
    fs::last_write_time(folders.storage / (tools.storage_driver + "-images") / image,
                        fs::file_time_type::clock::now() - ago);
  }
  ib::layer_store store() const { return {folders, tools}; }

  ib::engine_folders folders;
  ib::build_tools tools;

private:
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((folders.storage / path).parent_path());
    std::ofstream(folders.storage / path) << text;
  }
  void container(const std::string& id, const std::string& text) {
    write(tools.storage_driver + "-containers/" + id + "/userdata/buildah.json", text);
  }

  fs::path root_;
};

} // namespace

TEST_CASE("only the working containers of a build's own mark are its own") {
  fake_store fake("overlay");
  CHECK(fake.store().working_containers("id=mine,src=/dev/null") == std::vector<std::string>{"c1"});
  CHECK(fake.store().working_containers("id=nobody,src=/dev/null").empty());
}

TEST_CASE("a vfs layer counts with the copy of all that is below it") {
  CHECK(fake_store("overlay").store().size() == 111);
  CHECK(fake_store("vfs").store().size() == 100 + 110 + 101 + 101);
}

TEST_CASE("using an image keeps its base as young as itself") {
  fake_store fake("overlay");
  fake.used("base", std::chrono::hours(3));
  fake.used("a", std::chrono::hours(2));
  CHECK(fake.store().oldest_first() == std::vector<std::string>{"base", "a", "b"});
  fake.store().note_use("a");
  CHECK(fake.store().oldest_first() == std::vector<std::string>{"b", "a", "base"});
}

TEST_CASE("a store that is not there yet is empty") {
  ib::layer_store store({"/nowhere", "/nowhere", "/nowhere", "/nowhere"}, {"chroot", "vfs", false, ""});
  CHECK(store.size() == 0);
  CHECK(store.oldest_first().empty());
  CHECK(store.working_containers("id=mine,src=/dev/null").empty());
  CHECK_NOTHROW(store.note_use("a"));
}

TEST_CASE("the pruner is let into the store only where no build is in") {
  ib::store_gate gate;
  int in = 0;
  {
    gate.enter([&] { ++in; });
    ib::store_visit first(gate);
    gate.enter([&] { ++in; });
    ib::store_visit second(gate);
    CHECK(in == 2);
    CHECK_FALSE(gate.enter_alone());
  }
  REQUIRE(gate.enter_alone());
  CHECK_FALSE(gate.enter_alone());
  gate.leave_alone();
  CHECK(gate.enter_alone());
}

TEST_CASE("a build that comes while layers are pruned is seen and let in afterwards") {
  ib::store_gate gate;
  REQUIRE(gate.enter_alone());
  int in = 0;
  gate.enter([&] { ++in; });
  gate.enter([&] { ++in; });
  CHECK(in == 0);
  CHECK(gate.awaited());
  gate.leave_alone();
  CHECK(in == 2);
  CHECK_FALSE(gate.awaited());
  CHECK_FALSE(gate.enter_alone());
  gate.leave();
  gate.leave();
  CHECK(gate.enter_alone());
}

TEST_CASE("every build is let in while the pruner comes and goes") {
  ib::store_gate gate;
  std::atomic<int> in{0};
  constexpr int builds = 20'000;
  std::thread coming([&] {
    for (int i = 0; i < builds; ++i)
      gate.enter([&] {
        ++in;
        gate.leave();
      });
  });
  while (in < builds)
    if (gate.enter_alone()) gate.leave_alone();
  coming.join();
  CHECK(in == builds);
  CHECK_FALSE(gate.awaited());
}
