#include "actors/domain/reference.hpp"
#include "actors/io/image_manifest.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  static_cast<void>(ib::io::check_manifest(text, "application/vnd.oci.image.manifest.v1+json"));
  if (auto blobs = ib::io::parse_blobs(text))
    must(std::all_of(blobs->begin(), blobs->end(),
                     [](const auto& blob) { return ib::is_digest(blob.digest); }),
         "blobs have digests");
  auto entries = ib::io::parse_index(text);
  if (!entries) return 0;
  const ib::image_platform wanted;
  auto chosen = ib::io::select_platform(*entries, wanted);
  if (!chosen) return 0;
  must(ib::is_digest(chosen->digest), "the chosen entry has a digest");
  must(chosen->platform.os == wanted.os && chosen->platform.architecture == wanted.architecture,
       "the chosen entry is for the wanted platform");
  must(ib::io::kind_of(chosen->media_type) == ib::io::manifest_kind::image, "the chosen entry is an image");
  return 0;
}
