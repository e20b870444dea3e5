#include "actors/domain/reference.hpp"
#include "actors/domain/registry_settings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace ib;

namespace {

const std::string hex64(64, 'a');

std::string text_of(const std::string& familiar) {
  const auto ref = parse_reference(familiar);
  return ref ? ref->to_string() : "error: " + ref.error().message;
}

std::string fault_of(const std::string& text) {
  const auto ref = parse_reference(text);
  if (ref) return "parsed as " + ref->to_string();
  CHECK(ref.error().code == error_code::invalid_argument);
  return ref.error().message;
}

} // namespace

TEST_CASE("familiar names are normalised") {
  CHECK(text_of("alpine") == "docker.io/library/alpine:latest");
  CHECK(text_of("alpine:3.19") == "docker.io/library/alpine:3.19");
  CHECK(text_of("foo/bar") == "docker.io/foo/bar:latest");
  CHECK(text_of("docker.io/alpine") == "docker.io/library/alpine:latest");
  CHECK(text_of("index.docker.io/alpine") == "docker.io/library/alpine:latest");
  CHECK(text_of("index.docker.io/foo/bar:1") == "docker.io/foo/bar:1");
  CHECK(text_of("localhost/alpine") == "localhost/alpine:latest");
  CHECK(text_of("localhost:5000/alpine") == "localhost:5000/alpine:latest");
  CHECK(text_of("quay.io/alpine") == "quay.io/alpine:latest");
  CHECK(text_of("registry/alpine") == "docker.io/registry/alpine:latest");
  CHECK(text_of("localhost") == "docker.io/library/localhost:latest");
  CHECK(text_of("localhost:5000") == "docker.io/library/localhost:5000");
  CHECK(text_of("[::1]:5000/a/b") == "[::1]:5000/a/b:latest");
  CHECK(text_of("[2001:db8::1]/a") == "[2001:db8::1]/a:latest");
  CHECK(text_of("Registry.Example.COM/a") == "Registry.Example.COM/a:latest");
}

TEST_CASE("a reference with tag and digest keeps the digest") {
  const auto ref = parse_reference("quay.io/a/b:1@sha256:" + hex64);
  REQUIRE(ref);
  CHECK(ref->tag == "1");
  CHECK(ref->digest == "sha256:" + hex64);
  CHECK(ref->to_string() == "quay.io/a/b@sha256:" + hex64);
  CHECK(ref->repository() == "quay.io/a/b");
}

TEST_CASE("a reference with a digest alone gets no tag") {
  const auto ref = parse_reference("alpine@sha256:" + hex64);
  REQUIRE(ref);
  CHECK(ref->tag.empty());
  CHECK(ref->to_string() == "docker.io/library/alpine@sha256:" + hex64);
}

TEST_CASE("every separator of the path grammar is taken") {
  for (const std::string path : {"a.b", "a_b", "a__b", "a-b", "a--b", "a-----b", "1/2", "a.b_c__d-e/f"}) {
    CAPTURE(path);
    CHECK(text_of("quay.io/" + path) == "quay.io/" + path + ":latest");
  }
}

TEST_CASE("paths outside the grammar are refused") {
  for (const std::string path : {"a..b", "a___b", "a._b", "a.-b", "-a", "a-", ".a", "a.", "_a", "a_", "a//b",
                                 "/a", "a/", "a b", "a\nb", "\xc3\xa4", "a%b", "a$b", "~a"}) {
    CAPTURE(path);
    CHECK(fault_of("quay.io/" + path).find("repository name") != std::string::npos);
  }
}

TEST_CASE("domains outside the grammar are refused") {
  for (const std::string domain :
       {"a_b.com", ".com", "a..b", "-a.com", "a-.com", "a.com-", "a.com:", "a.com:x", "a.com:1:2", ":5000",
        "[]:1", "[::1", "[::1]x", "[::1]:", "[::g]", "http:", "a.b@c", "."}) {
    CAPTURE(domain);
    CHECK(fault_of(domain + "/a").find("domain") != std::string::npos);
  }
}

TEST_CASE("a fault is told with the part that is wrong") {
  CHECK(fault_of("") == "invalid image reference: it is empty");
  CHECK(fault_of("Alpine") == "invalid image reference: repository name \"Alpine\" must be lower case");
  CHECK(fault_of("Foo/bar") == "invalid image reference: repository name \"Foo/bar\" must be lower case");
  CHECK(fault_of("quay.io/") == "invalid image reference: the repository name is empty");
  CHECK(fault_of("alpine:") == "invalid image reference: tag \"\" is malformed");
  CHECK(fault_of("alpine:-x") == "invalid image reference: tag \"-x\" is malformed");
  CHECK(fault_of("alpine@sha256:00") == "invalid image reference: digest \"sha256:00\" is malformed");
  CHECK(fault_of("quay.io/a\x01") ==
        "invalid image reference: repository name component \"a\\x01\" is malformed");
  CHECK(fault_of("@sha256:" + hex64) == "invalid image reference: the repository name is empty");
}

TEST_CASE("a message never repeats what may be the user part of a URL") {
  for (const std::string text :
       {"https://user:secret@host.com/x", "user:secret@host.com/x", "host.com/u:x@secret@y"}) {
    CAPTURE(text);
    CHECK(fault_of(text).find("secret") == std::string::npos);
  }
}

TEST_CASE("a message is short and printable whatever came in") {
  std::string bytes = "quay.io/";
  for (int i = 0; i < 3000; ++i)
    bytes += static_cast<char>(i % 96 + 160);
  const auto message = fault_of(bytes);
  CHECK(message.size() < 500);
  CHECK(std::all_of(message.begin(), message.begin() + 100, [](char c) { return c >= 0x20 && c < 0x7f; }));
}

TEST_CASE("a name is bounded by 255 characters") {
  const std::string domain = "quay.io/";
  CHECK(parse_reference(domain + std::string(255 - domain.size(), 'a')));
  CHECK(fault_of(domain + std::string(256 - domain.size(), 'a')).find("255") != std::string::npos);
  // The prefix that normalisation adds counts.
  const std::string added = "docker.io/library/";
  CHECK(parse_reference(std::string(255 - added.size(), 'a')));
  CHECK(fault_of(std::string(256 - added.size(), 'a')).find("255") != std::string::npos);
}

TEST_CASE("a tag is bounded by 128 characters") {
  CHECK(text_of("a:" + std::string(128, 'T')).ends_with("T"));
  CHECK(fault_of("a:" + std::string(129, 'T')).find("tag") != std::string::npos);
  CHECK(parse_reference("a:_x.Y-9"));
  CHECK_FALSE(parse_reference("a:.x"));
  CHECK_FALSE(parse_reference("a:x/y"));
}

TEST_CASE("digests follow the grammar and the length of their algorithm") {
  CHECK(is_digest("sha256:" + hex64));
  CHECK(is_digest("sha512:" + hex64 + hex64));
  CHECK(is_digest("sha384:" + std::string(96, '0')));
  CHECK(is_digest("tarsum.v1+sha256:" + std::string(32, 'F')));
  CHECK(is_digest("a-b_c+d.e:" + std::string(32, '0')));
  for (const auto& bad : {std::string("sha256:") + std::string(64, 'A'), "sha256:" + hex64 + "a",
                          "sha256:" + std::string(63, 'a'), std::string("sha256:"), ":" + hex64,
                          std::string("sha256"), std::string(), "1x:" + hex64, "x-1:" + hex64, "x-:" + hex64,
                          "-x:" + hex64, "x--y:" + hex64, "x:" + std::string(31, '0'), "x:" + hex64 + "g",
                          "sha512:" + hex64, "sha256:" + hex64 + "\n", "sha256: " + std::string(63, 'a')}) {
    CAPTURE(bad);
    CHECK_FALSE(is_digest(bad));
  }
}

TEST_CASE("a name of exactly 64 hex digits is refused as an image id") {
  CHECK(fault_of(hex64).find("image id") != std::string::npos);
  CHECK(fault_of(std::string(64, '0')).find("image id") != std::string::npos);
  CHECK_FALSE(parse_repository(hex64));
  CHECK(parse_reference(std::string(63, 'a')));
  CHECK(parse_reference(std::string(65, 'a')));
  CHECK(parse_reference(hex64 + ":1"));
  CHECK(parse_reference("quay.io/" + hex64));
}

TEST_CASE("a repository has neither tag nor digest") {
  const auto repository = parse_repository("localhost:5000/base-images");
  REQUIRE(repository);
  CHECK(repository->domain == "localhost:5000");
  CHECK(repository->path == "base-images");
  CHECK(repository->tag.empty());
  CHECK(repository->repository() == "localhost:5000/base-images");
  CHECK(parse_repository("alpine")->repository() == "docker.io/library/alpine");
  CHECK_FALSE(parse_repository("quay.io/a:1"));
  CHECK_FALSE(parse_repository("quay.io/a@sha256:" + hex64));
  CHECK_FALSE(parse_repository("alpine:1"));
  CHECK_FALSE(parse_repository(""));
}

TEST_CASE("a normalised reference parses to itself") {
  for (const auto& text : std::vector<std::string>{"alpine", "a/b:1", "quay.io/x@sha256:" + hex64,
                                                   "[::1]:1/a", "localhost/a_b"}) {
    const auto first = parse_reference(text);
    REQUIRE(first);
    const auto second = parse_reference(first->to_string());
    REQUIRE(second);
    CHECK(second->to_string() == first->to_string());
  }
}

TEST_CASE("a megabyte of separators is refused without deep recursion") {
  CHECK_FALSE(parse_reference(std::string(1'000'000, '/')));
  CHECK_FALSE(parse_reference(std::string(1'000'000, '-')));
  CHECK_FALSE(parse_reference("a." + std::string(1'000'000, '.') + "/x"));
}

TEST_CASE("loopback hosts are told from names that look like them") {
  for (const std::string host : {"localhost", "LocalHost", "localhost:5000", "127.0.0.1", "127.0.0.1:80",
                                 "127.255.255.255", "::1", "[::1]", "[::1]:5000", "[0:0:0:0:0:0:0:1]:1"}) {
    CAPTURE(host);
    CHECK(is_loopback_domain(host));
  }
  for (const std::string host : {"",
                                 "localhost.example.com",
                                 "localhost:",
                                 "localhost:x",
                                 "127.0.0.1.example.com",
                                 "127.0.0.256",
                                 "127.0.0",
                                 "127.0.0.01",
                                 "127.0.0.1.1",
                                 "127.",
                                 "128.0.0.1",
                                 "10.0.0.1",
                                 "[::2]",
                                 "[::1",
                                 "[::1]x",
                                 "::1:5000",
                                 "docker.io",
                                 "xlocalhost",
                                 "127.0.0.1:80:80",
                                 "127.0..1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_domain(host));
  }
}
