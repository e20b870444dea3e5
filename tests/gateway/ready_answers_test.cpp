#include "actors/domain/reference.hpp"
#include "actors/striped_counter.hpp"
#include "gateway/ready_answers.hpp"
#include "tests/gateway/byte_buffers.hpp"

#include <prometheus/counter.h>

#include <catch2/catch.hpp>

#include <string>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace {

/// A board on which one reference is known by this digest, and what has been kept of it.
struct fixture {
  std::shared_ptr<ref_board> board = std::make_shared<ref_board>();
  ready_answers ready{board};
  reference ref = *parse_reference("registry.example/image:1");
  prometheus::Counter metric;
  striped_counter uses{metric};

  void resolve(const std::string& digest) {
    auto image = ref;
    image.digest = digest;
    board->publish({{board_key(ref), {image, "type"}}});
  }
  void keep(const std::string& request, const std::string& answer) {
    ready.keep(buffer_of(request), board->version(), {buffer_of(answer), &uses});
  }
  std::string answer_to(const std::string& request) const {
    auto found = ready.find(buffer_of(request));
    if (!found) return "none";
    CHECK(found->uses == &uses);
    return text_of(found->bytes);
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "a request is answered like the same one before", "[ready]") {
  resolve("sha256:1");
  CHECK(answer_to("a") == "none");
  keep("a", "first");
  keep("b", "second");
  CHECK(answer_to("a") == "first");
  CHECK(answer_to("b") == "second");
  CHECK(answer_to("") == "none");
  CHECK(answer_to("aa") == "none");
}

TEST_CASE_METHOD(fixture, "an answer is ready only as long as the board stays as it was", "[ready]") {
  resolve("sha256:1");
  auto before = board->version();
  keep("a", "first");
  resolve("sha256:2");
  CHECK(answer_to("a") == "none");
  ready.keep(buffer_of("a"), before, {buffer_of("late"), &uses}); // found before the board changed
  CHECK(answer_to("a") == "none");
  keep("a", "second");
  CHECK(answer_to("a") == "second");
}

TEST_CASE_METHOD(fixture, "what one thread keeps is one's own, and gone with the board for all", "[ready]") {
  auto on_another_thread = [&](const auto& act) { std::thread(act).join(); };
  resolve("sha256:1");
  keep("a", "first");
  std::string found;
  on_another_thread([&] {
    found = answer_to("a");
    keep("a", "second");
  });
  CHECK(found == "none");
  CHECK(answer_to("a") == "first");
  resolve("sha256:2");
  for (size_t i = 0; i < striped<int>::stripes; ++i) {
    on_another_thread([&] { found = answer_to("a"); });
    CHECK(found == "none");
  }
}

TEST_CASE_METHOD(fixture, "many different requests and long ones do not fill the memory", "[ready]") {
  resolve("sha256:1");
  keep(std::string(5000, 'x'), "long");
  CHECK(answer_to(std::string(5000, 'x')) == "none");
  for (int i = 0; i < 100; ++i)
    keep("request " + std::to_string(i), "answer");
  CHECK(answer_to("request 0") == "none");
  CHECK(answer_to("request 63") == "none");
  CHECK(answer_to("request 64") == "answer");
  CHECK(answer_to("request 99") == "answer");
}
