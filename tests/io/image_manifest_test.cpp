#include "actors/io/image_manifest.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;

namespace {

const std::string image_type = "application/vnd.oci.image.manifest.v1+json";

std::string digest(char c) { return "sha256:" + std::string(64, c); }

index_entry entry(char name, const std::string& architecture, const std::string& variant = "") {
  return {digest(name), image_type, {"linux", architecture, variant}};
}

std::string chosen(const std::vector<index_entry>& entries, const image_platform& wanted) {
  auto found = select_platform(entries, wanted);
  return found ? std::string(1, found->digest.back()) : found.error().message;
}

} // namespace

TEST_CASE("only the four manifest media types are manifests") {
  CHECK(kind_of(image_type) == manifest_kind::image);
  CHECK(kind_of("application/vnd.docker.distribution.manifest.v2+json") == manifest_kind::image);
  CHECK(kind_of("application/vnd.oci.image.index.v1+json") == manifest_kind::index);
  CHECK(kind_of("application/vnd.docker.distribution.manifest.list.v2+json") == manifest_kind::index);
  CHECK(kind_of("application/vnd.docker.distribution.manifest.v1+prettyjws") == manifest_kind::none);
  CHECK(kind_of("application/json") == manifest_kind::none);
  CHECK(kind_of("") == manifest_kind::none);
}

TEST_CASE("the entry of the wanted platform is taken from an index") {
  std::vector<index_entry> entries{{digest('0'), image_type, {"unknown", "unknown", ""}},
                                   {digest('1'), image_type, {"windows", "amd64", ""}},
                                   entry('2', "arm64", "v8"),
                                   entry('3', "amd64"),
                                   entry('4', "amd64", "v3")};
  CHECK(chosen(entries, {"linux", "amd64", ""}) == "3");
  CHECK(chosen(entries, {"linux", "amd64", "v2"}) == "3");
  CHECK(chosen(entries, {"linux", "amd64", "v3"}) == "4");
  CHECK(chosen(entries, {"linux", "arm64", ""}) == "2");
  CHECK(chosen(entries, {"windows", "amd64", ""}) == "1");
  CHECK(chosen(entries, {"linux", "s390x", ""}) == "no manifest for platform linux-s390x found");
}

TEST_CASE("an arm image is never taken for an older processor") {
  std::vector<index_entry> entries{entry('5', "arm", "v5"), entry('7', "arm", "v7"), entry('6', "arm", "v6")};
  CHECK(chosen(entries, {"linux", "arm", ""}) == "7");
  CHECK(chosen(entries, {"linux", "arm", "v7"}) == "7");
  CHECK(chosen(entries, {"linux", "arm", "v6"}) == "6");
  CHECK(chosen({entry('7', "arm", "v7")}, {"linux", "arm", "v6"}) ==
        "no manifest for platform linux-arm-v6 found");
}

TEST_CASE("an entry that is no image is never taken") {
  std::vector<index_entry> entries{{digest('2'), "", {}}, {digest('3'), image_type, {"", "", ""}}};
  auto found = select_platform(entries, {});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::not_found);
  CHECK(found.error().message == "no manifest for platform linux-amd64 found");
}

TEST_CASE("an attestation is never taken, whatever platform it claims") {
  auto entries = parse_index(
      R"({"manifests":[{"digest":")" + digest('a') + R"(","mediaType":")" + image_type +
      R"(","platform":{"os":"linux","architecture":"amd64"},)" +
      R"("annotations":{"vnd.docker.reference.type":"attestation-manifest"}},{"digest":")" + digest('b') +
      R"(","mediaType":")" + image_type + R"(","platform":{"os":"linux","architecture":"amd64"},)" +
      R"("annotations":{"vnd.docker.reference.type":"image"}}]})");
  REQUIRE(entries);
  CHECK((*entries)[0].attestation);
  CHECK_FALSE((*entries)[1].attestation);
  CHECK(chosen(*entries, {"linux", "amd64", ""}) == "b");
  entries->pop_back();
  CHECK(chosen(*entries, {"linux", "amd64", ""}) == "no manifest for platform linux-amd64 found");
}

TEST_CASE("an index within an index is not followed and is named as the reason") {
  index_entry nested{digest('1'), "application/vnd.oci.image.index.v1+json", {}};
  CHECK(chosen({nested}, {"linux", "amd64", ""}) ==
        "no manifest for platform linux-amd64 found (indexes within the index are not followed)");
  CHECK(chosen({nested, entry('2', "amd64")}, {"linux", "amd64", ""}) == "2");
}

TEST_CASE("an index is parsed with and without platforms") {
  auto entries = parse_index(R"({"manifests":[{"digest":")" + digest('a') + R"(","mediaType":"m",)" +
                             R"("platform":{"os":"linux","architecture":"arm","variant":"v7"}},{"digest":")" +
                             digest('b') + R"("}]})");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].digest == digest('a'));
  CHECK((*entries)[0].platform.variant == "v7");
  CHECK((*entries)[1].platform.os.empty());
  CHECK((*entries)[1].media_type.empty());
}

TEST_CASE("blobs are listed once and foreign layers are marked") {
  auto blob = [](char c, const std::string& more) {
    return R"({"digest":")" + digest(c) + "\"" + more + "}";
  };
  auto blobs = parse_blobs(
      R"({"config":)" + blob('c', "") + R"(,"layers":[)" + blob('1', "") + "," + blob('1', "") + "," +
      blob('2', R"(,"urls":["https://elsewhere"])") + "," +
      blob('3', R"(,"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")") + "]}");
  REQUIRE(blobs);
  REQUIRE(blobs->size() == 4);
  CHECK((*blobs)[0].digest == digest('c'));
  CHECK_FALSE((*blobs)[1].foreign);
  CHECK((*blobs)[2].foreign);
  CHECK((*blobs)[3].foreign);
}

TEST_CASE("garbage in place of a manifest is an error and not a crash") {
  auto body =
      GENERATE(as<std::string>{}, "", "[]", "null", "{", "\xff\xfe", "{\"manifests\":{}}",
               "{\"manifests\":[1]}", "{\"manifests\":[{\"digest\":5}]}", "{\"config\":5,\"layers\":[]}",
               "{\"config\":{\"digest\":\"sha256:../..\"},\"layers\":[7]}", "{\"layers\":[]}");
  CAPTURE(body);
  auto index = parse_index(body);
  auto blobs = parse_blobs(body);
  REQUIRE_FALSE(index);
  REQUIRE_FALSE(blobs);
  CHECK(index.error().code == error_code::data_corrupt);
  CHECK(blobs.error().code == error_code::data_corrupt);
}

TEST_CASE("a manifest nested as deeply as its size allows is an error and not a crash") {
  const size_t depth = 2'000'000;
  auto nested = R"({"manifests":[)" + std::string(depth, '[') + std::string(depth, ']') + "]}";
  CHECK_FALSE(parse_index(nested));
  CHECK_FALSE(parse_index(nested.substr(0, depth)));
}

TEST_CASE("a manifest must be of the type it was announced as") {
  CHECK(check_manifest(R"({"mediaType":")" + image_type + "\"}", image_type));
  CHECK(check_manifest("{}", image_type));
  CHECK_FALSE(check_manifest(R"({"mediaType":"application/vnd.oci.image.index.v1+json"})", image_type));
  CHECK_FALSE(check_manifest("[]", image_type));
}
