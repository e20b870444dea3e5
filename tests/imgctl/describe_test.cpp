#include "tools/imgctl/describe.hpp"

#include <catch2/catch.hpp>
#include <google/protobuf/util/json_util.h>

using namespace ib::imgctl;

namespace {

imagebuilder::v1::Build build(const std::string& json) {
  imagebuilder::v1::Build parsed;
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok());
  return parsed;
}

} // namespace

TEST_CASE("a failed build is told with its attempts, its steps, where it failed and its last lines") {
  CHECK(describe(build(R"({"buildId":"b1","workspaceRef":"r/ws:1","baseRef":"r/base:1","state":"FAILED",
    "triggeredBy":"ann","source":"https://example.com/app.git, Dockerfile","createTime":"2023-11-14T22:13:20Z",
    "startTime":"2023-11-14T22:13:21Z","endTime":"2023-11-14T22:13:25Z","attemptCount":2,
    "attempts":[{"number":1,"startTime":"2023-11-14T22:13:21Z","endTime":"2023-11-14T22:13:22Z",
                 "endMessage":"503; trying once more"},
                {"number":2,"startTime":"2023-11-14T22:13:22Z","endTime":"2023-11-14T22:13:25Z",
                 "endMessage":"build failed: exit status 1"}],
    "steps":[{"time":"2023-11-14T22:13:21Z","state":"PREPARING","attempt":1,"message":"starting"},
             {"time":"2023-11-14T22:13:25Z","state":"FAILED","attempt":2,"message":"build failed: exit status 1"}],
    "failure":{"fault":"USER","message":"build failed: exit status 1","dockerfileLine":7,"command":"RUN make",
               "lastLines":["cc \u001b[31mx.c","make: *** Error 1"]},
    "log":{"beginOffset":"5","endOffset":"100"}})")) ==
        "build       b1\n"
        "state       failed after 5.0s, 2 attempts\n"
        "workspace   r/ws:1\n"
        "base        r/base:1\n"
        "source      https://example.com/app.git, Dockerfile\n"
        "asked by    ann\n"
        "accepted    2023-11-14 22:13:20 UTC\n"
        "started     2023-11-14 22:13:21 UTC\n"
        "ended       2023-11-14 22:13:25 UTC\n"
        "log         100 bytes, kept from byte 5 on\n"
        "\nattempts\n"
        "  1  2023-11-14 22:13:21 UTC  1.0s  503; trying once more\n"
        "  2  2023-11-14 22:13:22 UTC  3.0s  build failed: exit status 1\n"
        "\nsteps\n"
        "  2023-11-14 22:13:21 UTC  preparing   attempt 1  starting\n"
        "  2023-11-14 22:13:25 UTC  failed      attempt 2  build failed: exit status 1\n"
        "\nfailure\n"
        "  build failed: exit status 1\n"
        "  at fault: the Dockerfile, its files or the request\n"
        "  Dockerfile, line 7: RUN make\n"
        "\nlast lines\n"
        "  cc x.c\n"
        "  make: *** Error 1\n");
}

TEST_CASE("a build that waits is told with its place") {
  CHECK(describe(build(R"({"buildId":"b1","state":"QUEUED","message":"queued, 3 builds ahead",
    "createTime":"2023-11-14T22:13:20Z","queuePlace":{"buildsAhead":3,"estimatedWait":"61.5s"}})")) ==
        "build       b1\n"
        "state       queued\n"
        "now         queued, 3 builds ahead\n"
        "queue       3 ahead, about 1m01s to wait\n"
        "accepted    2023-11-14 22:13:20 UTC\n"
        "log         0 bytes\n");
}
