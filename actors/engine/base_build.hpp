#pragma once

#include "actors/build_plan.hpp"
#include "actors/domain/reference.hpp"
#include "actors/engine/buildah.hpp"
#include "actors/engine/local_context.hpp"
#include "actors/engine/run_progress.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ib {

/// The build of a base image by buildah. What limits the rate of buildah's requests limits ours too, and
/// only ours are told until when: buildah tries five times, up to a minute apart, says nothing meanwhile and
/// in the end not what it was told. So each registry that the Dockerfile builds upon is asked by ourselves
/// before buildah starts, and again where buildah was refused all the same.
class base_build {
public:
  base_build(const local_context& context, const build_plan& plan, buildah& tool, run_progress& progress)
      : context_(context), plan_(plan), tool_(tool), progress_(progress) {}

  /// The id of the image, which stays in the layer store for as long as this object lives. Both outlive the
  /// task.
  io::task<result<std::string>> run(const image_build& what, const std::vector<reference>& images);

private:
  io::task<result<bool>> await_registries(const std::vector<reference>& images, bool refused);
  io::task<result<bool>> await_registry(const reference& image);
  bool is_mirrored(const std::string& domain) const;

  const local_context& context_;
  const build_plan& plan_;
  buildah& tool_;
  run_progress& progress_;
  std::optional<store_visit> in_the_store_;
};

} // namespace ib
