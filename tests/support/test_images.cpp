#include "tests/support/test_images.hpp"

#include "actors/domain/sha256.hpp"
#include "actors/io/image_manifest.hpp"
#include "tests/support/http_calls.hpp"

#include <stdexcept>
#include <utility>

namespace ib::test {

const char* const oci_image_type = "application/vnd.oci.image.manifest.v1+json";
const char* const oci_index_type = "application/vnd.oci.image.index.v1+json";

namespace {

std::string digest(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }

std::string descriptor(const std::string& type, const std::string& digest, size_t size,
                       const std::string& more = "") {
  return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":)" + std::to_string(size) +
         more + "}";
}

std::string platform(const std::string& os, const std::string& architecture) {
  return R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + R"("})";
}

} // namespace

image_pusher::image_pusher(std::string domain, std::string authorization)
    : base_("http://" + std::move(domain)), authorization_(std::move(authorization)) {}

io::http_response image_pusher::send(io::http_request request) {
  if (!authorization_.empty()) request.headers.set("Authorization", authorization_);
  auto response = send_and_wait(client_, std::move(request));
  if (!response) throw std::runtime_error(response.error().message);
  return std::move(*response);
}

io::http_response image_pusher::call(io::http_method method, const std::string& path, const std::string& body,
                                     const std::string& content_type) {
  io::http_request request;
  request.method = method;
  request.url = base_ + "/v2/" + path;
  request.body = body;
  request.headers.set("Accept", io::manifest_accept);
  if (!content_type.empty()) request.headers.set("Content-Type", content_type);
  return send(std::move(request));
}

std::string image_pusher::push_blob(const std::string& path, const std::string& bytes) {
  auto opened = call(io::http_method::post, path + "/blobs/uploads/");
  auto location = opened.headers.first("Location");
  io::http_request request;
  request.method = io::http_method::put;
  request.url = location + "&digest=" + digest(bytes);
  request.body = bytes;
  request.headers.set("Content-Type", "application/octet-stream");
  auto stored = send(std::move(request));
  if (stored.status != 201) throw std::runtime_error("blob not stored: " + stored.body);
  return digest(bytes);
}

void image_pusher::put_manifest(const std::string& path, const std::string& name, const std::string& body,
                                const std::string& media_type) {
  auto stored = call(io::http_method::put, path + "/manifests/" + name, body, media_type);
  if (stored.status != 201) throw std::runtime_error("manifest not stored: " + stored.body);
}

std::string image_pusher::push_image(const std::string& path, const std::string& tag, const std::string& name,
                                     int layers) {
  const std::string config = R"({"os":"linux","architecture":"amd64","name":")" + name + "\"}";
  auto text = R"({"schemaVersion":2,"mediaType":")" + std::string(oci_image_type) + R"(","config":)" +
              descriptor("application/vnd.oci.image.config.v1+json", push_blob(path, config), config.size()) +
              R"(,"layers":[)";
  for (int i = 0; i < layers; ++i) {
    auto layer = name + " layer " + std::to_string(i);
    text += (i ? "," : "") +
            descriptor("application/vnd.oci.image.layer.v1.tar", push_blob(path, layer), layer.size());
  }
  text += "]}";
  put_manifest(path, tag.empty() ? digest(text) : tag, text, oci_image_type);
  return digest(text);
}

image_pusher::pushed_index image_pusher::push_index(const std::string& path, const std::string& tag,
                                                    const std::string& name) {
  pushed_index index;
  index.amd64 = push_image(path, "", name + " amd64");
  index.arm64 = push_image(path, "", name + " arm64");
  index.attestation = push_image(path, "", name + " attestation", 1);
  auto size = [&](const std::string& digest) { return manifest(path, digest).size(); };
  auto text =
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci_index_type) + R"(","manifests":[)" +
      descriptor(oci_image_type, index.attestation, size(index.attestation), platform("unknown", "unknown")) +
      "," + descriptor(oci_image_type, index.arm64, size(index.arm64), platform("linux", "arm64")) + "," +
      descriptor(oci_image_type, index.amd64, size(index.amd64), platform("linux", "amd64")) + "]}";
  put_manifest(path, tag, text, oci_index_type);
  index.digest = digest(text);
  return index;
}

std::string image_pusher::manifest(const std::string& path, const std::string& name) {
  auto response = call(io::http_method::get, path + "/manifests/" + name);
  return response.status == 200 ? response.body : std::string();
}

} // namespace ib::test
