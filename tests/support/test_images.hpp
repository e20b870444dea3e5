#pragma once

#include "actors/io/http_client.hpp"

#include <string>
#include <vector>

namespace ib::test {

/// Pushes small images into a registry by plain HTTP requests, independently of the registry client.
class image_pusher {
public:
  /// `authorization` is sent with every request where it is not empty.
  explicit image_pusher(std::string domain, std::string authorization = "");

  /// Stores a blob; gives its digest.
  std::string push_blob(const std::string& path, const std::string& bytes);
  /// Stores an image of a config and `layers` layers whose content derives from `name`; gives its digest.
  std::string push_image(const std::string& path, const std::string& tag_or_empty, const std::string& name,
                         int layers = 2);
  /// Stores an index of images for linux/amd64 and linux/arm64 and an attestation; gives its digest.
  struct pushed_index {
    std::string digest, amd64, arm64, attestation;
  };
  pushed_index push_index(const std::string& path, const std::string& tag, const std::string& name);

  /// Any request to "/v2/<path>".
  io::http_response call(io::http_method method, const std::string& path, const std::string& body = "",
                         const std::string& content_type = "");
  /// The bytes of a manifest of whatever type, empty where there is none.
  std::string manifest(const std::string& path, const std::string& name);

private:
  io::http_response send(io::http_request request);
  void put_manifest(const std::string& path, const std::string& name, const std::string& body,
                    const std::string& media_type);

  io::http_client client_;
  std::string base_;
  std::string authorization_;
};

extern const char* const oci_image_type;
extern const char* const oci_index_type;

} // namespace ib::test
