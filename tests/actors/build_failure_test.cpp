#include "actors/engine/build_failure.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace ib;

namespace {

/// What buildah 1.28 and skopeo 1.9 print, and what is made of it.
struct known_end {
  std::string output;
  error_code code;
  fault_class fault;
  std::string message;
};

std::vector<known_end> known_ends() {
  return {
      {"STEP 1/2: FROM scratch\nSTEP 2/2: COPY nofile /x\n"
       "Error: building at STEP \"COPY nofile /x\": checking on sources under \"/ctx\": copier: stat: "
       "\"/nofile\": no such file or directory\n",
       error_code::failed_precondition, fault_class::user,
       "STEP 2/2: COPY nofile /x: building at STEP \"COPY nofile /x\": checking on sources under \"/ctx\": "
       "copier: stat: \"/nofile\": no such file or directory"},
      {"STEP 1/1: FROM localhost:1/none\nTrying to pull localhost:1/none:latest...\n"
       "time=\"2024-01-01T00:00:00Z\" level=warning msg=\"Failed, retrying in 2s ... (3/3). Error: "
       "initializing source docker://localhost:1/none:latest: connection refused\"\n"
       "Error: creating build container: initializing source docker://localhost:1/none:latest: pinging "
       "container registry localhost:1: Get \"http://localhost:1/v2/\": dial tcp 127.0.0.1:1: connect: "
       "connection refused\n",
       error_code::unavailable, fault_class::infrastructure,
       "STEP 1/1: FROM localhost:1/none: cannot resolve image: creating build container: initializing source "
       "docker://localhost:1/none:latest: pinging container registry localhost:1: Get "
       "\"http://localhost:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"},
      {"STEP 1/1: FROM nohost.invalid/x/y\n"
       "Error: creating build container: initializing source docker://nohost.invalid/x/y:latest: pinging "
       "container registry nohost.invalid: Get \"http://nohost.invalid/v2/\": dial tcp: lookup "
       "nohost.invalid "
       "on 127.0.0.53:53: no such host\n",
       error_code::unavailable, fault_class::infrastructure,
       "STEP 1/1: FROM nohost.invalid/x/y: cannot resolve image: creating build container: initializing "
       "source "
       "docker://nohost.invalid/x/y:latest: pinging container registry nohost.invalid: Get "
       "\"http://nohost.invalid/v2/\": dial tcp: lookup nohost.invalid on 127.0.0.53:53: no such host"},
      {"STEP 1/1: FROM alpine:none\n"
       "Error: creating build container: initializing source docker://alpine:none: reading manifest none in "
       "docker.io/library/alpine: manifest unknown: manifest unknown\n",
       error_code::not_found, fault_class::user,
       "STEP 1/1: FROM alpine:none: cannot resolve image: creating build container: initializing source "
       "docker://alpine:none: reading manifest none in docker.io/library/alpine: manifest unknown: manifest "
       "unknown"},
      {"Error: creating build container: initializing source docker://r.example/private:1: reading manifest "
       "1 "
       "in r.example/private: unauthorized: authentication required\n",
       error_code::unauthenticated, fault_class::user,
       "cannot resolve image: creating build container: initializing source docker://r.example/private:1: "
       "reading manifest 1 in r.example/private: unauthorized: authentication required"},
      {"STEP 1/1: FROM r.example/a:1\n"
       "Error: creating build container: parsing image configuration: too many requests to registry\n",
       error_code::too_many_requests, fault_class::infrastructure,
       "STEP 1/1: FROM r.example/a:1: cannot resolve image: creating build container: parsing image "
       "configuration: too many requests to registry"},
      {"STEP 2/2: RUN [\"/none\"]\nsubprocess exited with status 1\n"
       "Error: building at STEP \"RUN /none\": exit status 1\n",
       error_code::failed_precondition, fault_class::user,
       "STEP 2/2: RUN [\"/none\"]: building at STEP \"RUN /none\": exit status 1"},
      {"STEP 3/3: RUN curl http://x\ncurl: (7) connection refused\n"
       "Error: building at STEP \"RUN curl http://x\": while running runtime: exit status 7\n",
       error_code::failed_precondition, fault_class::user,
       "STEP 3/3: RUN curl http://x: building at STEP \"RUN curl http://x\": while running runtime: exit "
       "status 7"},
      {"STEP 2/2: COPY unauthorized /x\n"
       "Error: building at STEP \"COPY unauthorized /x\": checking on sources under \"/ctx\": copier: stat: "
       "\"/gone\": no such file or directory\n",
       error_code::failed_precondition, fault_class::user,
       "STEP 2/2: COPY unauthorized /x: building at STEP \"COPY unauthorized /x\": checking on sources under "
       "\"/ctx\": copier: stat: \"/gone\": no such file or directory"},
      {"STEP 2/2: ADD http://localhost:1/x /x\n"
       "Error: building at STEP \"ADD http://localhost:1/x /x\": reading \"http://localhost:1/x\": Get "
       "\"http://localhost:1/x\": dial tcp 127.0.0.1:1: connect: connection refused\n",
       error_code::unavailable, fault_class::infrastructure,
       "STEP 2/2: ADD http://localhost:1/x /x: building at STEP \"ADD http://localhost:1/x /x\": reading "
       "\"http://localhost:1/x\": Get \"http://localhost:1/x\": dial tcp 127.0.0.1:1: connect: connection "
       "refused"},
      {"Error: no contents in \"/ctx/Dockerfile\"\n", error_code::failed_precondition, fault_class::user,
       "no contents in \"/ctx/Dockerfile\""},
      {"STEP 2/2: COPY --from=b / /\nError: COPY --from=b: no stage or image found with that name\n",
       error_code::failed_precondition, fault_class::user,
       "STEP 2/2: COPY --from=b / /: COPY --from=b: no stage or image found with that name"},
      {"Getting image source signatures\nError: writing blob: uploading layer to "
       "https://r.example/v2/x/blobs/uploads/1: received unexpected HTTP status: 503 Service Unavailable\n",
       error_code::unavailable, fault_class::infrastructure,
       "writing blob: uploading layer to https://r.example/v2/x/blobs/uploads/1: received unexpected HTTP "
       "status: 503 Service Unavailable"},
      {"Error: writing blob: happened during read: write /tmp/x: no space left on device\n",
       error_code::internal, fault_class::infrastructure,
       "writing blob: happened during read: write /tmp/x: no space left on device"},
      {"Error: initializing source docker://alpine:3: reading manifest 3 in docker.io/library/alpine: "
       "toomanyrequests: You have reached your pull rate limit\n",
       error_code::too_many_requests, fault_class::infrastructure,
       "cannot resolve image: initializing source docker://alpine:3: reading manifest 3 in "
       "docker.io/library/alpine: toomanyrequests: You have reached your pull rate limit"},
      {"time=\"2024-01-01T00:00:00Z\" level=fatal msg=\"writing manifest: uploading manifest: denied: "
       "requested "
       "access to the resource is denied\"\n",
       error_code::unauthenticated, fault_class::user,
       "\"writing manifest: uploading manifest: denied: requested access to the resource is denied\""},
      {"[2/2] STEP 4/5: RUN make\nError: building at STEP \"RUN make\": exit status 2\n",
       error_code::failed_precondition, fault_class::user,
       "[2/2] STEP 4/5: RUN make: building at STEP \"RUN make\": exit status 2"},
      {"panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 19 [running]:\n",
       error_code::failed_precondition, fault_class::user,
       "panic: runtime error: invalid memory address or nil pointer dereference"},
      {"no word of an error", error_code::failed_precondition, fault_class::user, "no word of an error"},
      {"", error_code::failed_precondition, fault_class::user, "exit status 125"},
  };
}

} // namespace

TEST_CASE("each known end of the build tools is told apart by cause and fault", "[failure]") {
  for (const auto& known : known_ends()) {
    CAPTURE(known.output);
    output_tail tail;
    tail.add(known.output);
    auto why = explain_failure(tail, 125, 0);
    CHECK(std::string(to_string(why.code)) == to_string(known.code));
    CHECK(fault_of(why.code) == known.fault);
    CHECK(why.message == known.message);
  }
}

TEST_CASE("how the output is cut into pieces does not matter", "[failure]") {
  for (const auto& known : known_ends()) {
    output_tail tail;
    for (char c : known.output)
      tail.add(std::string_view(&c, 1));
    CHECK(explain_failure(tail, 125, 0).message == known.message);
  }
}

TEST_CASE("a killed build tool is the infrastructure's fault, whatever it printed", "[failure]") {
  output_tail tail;
  tail.add("Error: building at STEP \"RUN x\": exit status 1\n");
  auto why = explain_failure(tail, 137, 9);
  CHECK(fault_of(why.code) == fault_class::infrastructure);
  CHECK(why.message == "the build process was killed by signal 9");
}

TEST_CASE("the tail keeps the last lines and bounds each of them", "[failure]") {
  output_tail tail;
  for (int i = 0; i < 100; ++i)
    tail.add("line " + std::to_string(i) + "\n\n");
  tail.add(std::string(10'000, 'x'));
  auto lines = tail.lines();
  REQUIRE(lines.size() == output_tail::kept_lines + 1);
  CHECK(lines.front() == "line 80");
  CHECK(lines.back() == std::string(output_tail::kept_line_bytes, 'x'));
  CHECK_FALSE(tail.step());
  tail.add("\n[2/3] STEP 2/9: RUN make");
  CHECK_FALSE(tail.step());
  tail.add(" all\n");
  CHECK(tail.step_line() == "[2/3] STEP 2/9: RUN make all");
  CHECK(tail.lines().empty());
}

TEST_CASE("the tail keeps fewer lines where they are long", "[failure]") {
  output_tail tail;
  for (char name = 'a'; name <= 'z'; ++name) {
    tail.add(std::string(output_tail::kept_line_bytes, name));
    tail.add("\n");
  }
  const auto lines = tail.lines();
  REQUIRE(lines.size() == output_tail::kept_bytes / (output_tail::kept_line_bytes + 1));
  CHECK(lines.front().front() == 'w');
  CHECK(lines.back().front() == 'z');
}

TEST_CASE("output in one piece leaves the same tail as output byte by byte", "[failure]") {
  const std::vector<std::string> lines{"",
                                       "compiling main.cpp",
                                       "STEP 1/3: FROM scratch",
                                       "STEP 2/3: RUN make",
                                       "STEP 1/9: a step that a command prints",
                                       "[1/2] not a step",
                                       "caf\xC3\xA9 \xFF",
                                       std::string(output_tail::kept_line_bytes * 2, 'y')};
  std::minstd_rand numbers(7);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (auto count = numbers() % 120; count > 0; --count)
      text += lines[numbers() % lines.size()] + "\n";
    if (round % 2 == 0) text += "an open end";
    output_tail whole;
    output_tail halves;
    output_tail bytes;
    whole.add(text);
    auto middle = text.empty() ? 0 : numbers() % text.size();
    halves.add(std::string_view(text).substr(0, middle));
    halves.add(std::string_view(text).substr(middle));
    for (char byte : text)
      bytes.add({&byte, 1});
    for (const auto* tail : {&whole, &halves}) {
      CHECK(tail->lines() == bytes.lines());
      CHECK(tail->step() == bytes.step());
      CHECK(tail->step_line() == bytes.step_line());
    }
  }
}

TEST_CASE("peers' and our own faults are infrastructure, all others the user's", "[failure]") {
  for (auto code : {error_code::invalid_argument, error_code::not_found, error_code::unauthenticated,
                    error_code::permission_denied, error_code::failed_precondition, error_code::out_of_range,
                    error_code::resource_exhausted})
    CHECK(fault_of(code) == fault_class::user);
  for (auto code : {error_code::unavailable, error_code::too_many_requests, error_code::deadline_exceeded,
                    error_code::cancelled, error_code::data_corrupt, error_code::internal})
    CHECK(fault_of(code) == fault_class::infrastructure);
}

TEST_CASE("a registry that limits or fails a FROM is not the user's fault", "[build_failure]") {
  const std::string pull = "Error: creating build container: initializing source docker://r.example/a:1: "
                           "reading manifest 1 in r.example/a: StatusCode: ";
  for (const auto& [status, code] : {std::pair("429, ", error_code::too_many_requests),
                                     std::pair("503, <html>", error_code::unavailable)}) {
    output_tail tail;
    tail.add("STEP 1/2: FROM r.example/a:1\n" + pull + status + "\n");
    auto why = explain_failure(tail, 125, 0);
    CHECK(why.code == code);
    CHECK(fault_of(why.code) == fault_class::infrastructure);
    CHECK(why.message.find("cannot resolve image") != std::string::npos);
  }
}
