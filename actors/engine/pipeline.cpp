#include "actors/engine/pipeline.hpp"

#include "actors/domain/reference.hpp"
#include "actors/engine/auth_file.hpp"
#include "actors/engine/base_build.hpp"
#include "actors/engine/dockerfile_images.hpp"
#include "actors/engine/layer_store.hpp"
#include "actors/engine/leftovers.hpp"
#include "actors/engine/pull_routes.hpp"
#include "actors/engine/registry_names.hpp"
#include "actors/io/checkout.hpp"
#include "actors/io/file_text.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/source_words.hpp"

#include <set>
#include <utility>

namespace ib {

namespace fs = std::filesystem;

namespace {

result<void> failed(error e, const std::string& what) { return with_context(std::move(e), what); }

/// A look for the image that is younger than this is not taken again when a run begins.
constexpr int64_t look_is_fresh_ms = 1000;

/// For what the service does with its own credentials and images: no user can mend what goes wrong there.
error not_the_users(error e) {
  if (fault_of(e.code) == fault_class::user) e.code = error_code::internal;
  return e;
}

} // namespace

pipeline::pipeline(const local_context& context, const build_tools* tools,
                   std::shared_ptr<const build_plan> plan, int attempt, pipeline_events events,
                   std::stop_token stop)
    : context_(context),
      tools_(tools),
      plan_(std::move(plan)),
      attempt_(attempt),
      progress_(context.registries, std::move(events), std::move(stop)),
      folder_(context.folders.builds / (plan_->build_id + "-" + std::to_string(attempt))) {}

pipeline::~pipeline() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  if (ignored) progress_.say("cannot remove the build's folder: " + ignored.message());
}

template <class T, class Call>
result<T> pipeline::ask(const std::string& registry, Call call) {
  return progress_.patiently<T>(registry, [&] { return wait_for<T>(call); });
}

build_event pipeline::run() {
  auto done = steps();
  if (done) return run_succeeded{};
  auto fault = fault_of(done.error().code);
  auto message = done.error().message;
  if (fault == fault_class::user) {
    message = "build failed: " + message;
    // Clients look for these words: neither the resolved base nor the request's own source serves.
    if (!plan_->gone_base.empty()) message += "; base image does not exist: " + plan_->gone_base;
  }
  return run_failed{fault, message, where_};
}

result<void> pipeline::steps() {
  if (auto made = make_folder(); !made) return made;
  if (!plan_->force_rebuild && !has_just_been_looked_for()) {
    auto present = look_for(plan_->workspace_ref);
    if (!present) return present.error();
    if (*present) {
      progress_.say("the workspace image exists by now: nothing is left to do");
      return verify();
    }
  }
  if (auto* source = std::get_if<dockerfile_source>(&plan_->source)) {
    if (auto provided = provide_base(*source); !provided) return provided;
  }
  if (progress_.stopped()) return run_progress::stopped_error();
  if (auto published = publish(); !published) return published;
  if (progress_.stopped()) return run_progress::stopped_error();
  return verify();
}

/// A request is decided by such a look, right before its plan is made: a build that did not wait has nothing
/// to gain by another. One that waited, or is tried again, may find that somebody else has made the image.
bool pipeline::has_just_been_looked_for() const {
  auto age_ms = io::unix_ms_now() - plan_->created_ms;
  return attempt_ == 1 && age_ms >= 0 && age_ms < look_is_fresh_ms;
}

result<void> pipeline::make_folder() {
  std::error_code failure;
  fs::create_directory(folder_, failure);
  if (!failure) fs::permissions(folder_, fs::perms::owner_all, failure);
  if (failure)
    return error{error_code::internal, "cannot create the build's folder: " + failure.message(), "", {}};
  return {};
}

/// Sees to it that the base image is in the base repository.
result<void> pipeline::provide_base(const dockerfile_source& source) {
  auto base = look_for(plan_->base_ref);
  if (!base) return base.error();
  if (*base && !plan_->force_rebuild) {
    progress_.say("base image " + plan_->base_ref + " exists already and is reused");
    return {};
  }
  return build_and_push(source);
}

result<void> pipeline::build_and_push(const dockerfile_source& source) {
  if (tools_ == nullptr)
    return error{error_code::internal,
                 "this machine cannot build images: buildah does not work here (the service's log says why)",
                 "",
                 {}};
  progress_.enter(build_state::preparing, preparing_in_words(source.source));
  auto context_root = folder_ / "context";
  auto private_folder = folder_ / "private";
  fs::create_directory(context_root);
  fs::create_directory(private_folder);
  fs::permissions(private_folder, fs::perms::owner_all);
  if (auto done = fetch_context(source, context_root, private_folder); !done) return done;
  auto paths = io::locate_build_paths(source, context_root);
  if (!paths) return paths.error();
  if (progress_.stopped()) return run_progress::stopped_error();

  progress_.enter(build_state::building,
                  "building the base image from " + fs::relative(paths->dockerfile, context_root).string());
  progress_.say("isolation: " + tools_->explanation);
  const auto dockerfile_text = io::text_of_file(paths->dockerfile);
  buildah_ =
      std::make_unique<buildah>(context_, *tools_, private_folder, progress_.output(), progress_.stop());
  buildah_->work_for(plan_->build_id);
  const auto images = dockerfile_images(dockerfile_text);
  auto domains = pull_domains(dockerfile_text, images);
  if (auto done = buildah_->prepare(pull_routes(context_.registries, domains)); !done) return done;
  auto pull_auth = auth_file("pull.json", registry_purpose::dockerfile,
                             with_mirrors(context_.registries, std::move(domains)));
  if (!pull_auth) return pull_auth.error();
  base_build in_the_store(context_, *plan_, *buildah_, progress_);
  auto image_id = in_the_store.run(
      {paths->dockerfile, paths->context, private_folder, plan_->base_ref, *pull_auth}, images);
  if (!image_id) {
    where_ = place_of_failure(buildah_->last_output(), dockerfile_text);
    remove_working_containers(context_, *tools_, private_folder);
    return image_id.error();
  }
  layer_store(context_.folders, *tools_).note_use(*image_id);
  if (progress_.stopped()) return run_progress::stopped_error();

  progress_.enter(build_state::pushing, "pushing the base image to " + plan_->base_ref);
  auto push_auth = auth_file("push.json", registry_purpose::own_image, {context_.base_domain});
  if (!push_auth) return push_auth.error();
  auto pushed = progress_.patiently<void>(context_.base_domain, [&] {
    return buildah_->push(*image_id, plan_->base_ref, *push_auth,
                          speaks_plain_http(context_.registries, context_.base_domain));
  });
  if (pushed) return {};
  where_ = place_of_failure(buildah_->last_output(), {});
  return failed(not_the_users(pushed.error()), "cannot push the base image to " + plan_->base_ref);
}

result<void> pipeline::fetch_context(const dockerfile_source& source, const fs::path& context_root,
                                     const fs::path& private_folder) {
  output_tail said;
  auto listen = [&](std::string_view bytes) {
    said.add(bytes);
    progress_.output()(bytes);
  };
  io::checkout_settings checkout{context_.settings.allow_file_protocol,
                                 listen,
                                 plan_->one_time_answers,
                                 progress_.answer(),
                                 {state_mark(context_.folders)},
                                 context_.faults.get(),
                                 plan_->build_id};
  auto done = io::prepare_context(source.source, context_root, private_folder, checkout, progress_.stop());
  if (!done) where_ = place_of_failure(said, {});
  return done;
}

/// The base manifest under the workspace reference, digests preserved; within a registry by mounting its
/// blobs.
result<void> pipeline::publish() {
  progress_.enter(build_state::publishing, "publishing the workspace image as " + plan_->workspace_ref);
  auto from = parse_reference(plan_->base_ref);
  auto to = parse_reference(plan_->workspace_ref);
  if (!from) return from.error();
  if (!to) return to.error();
  if (from->domain == to->domain) {
    auto published = ask<io::published_image>(to->domain, [&](auto done) {
      context_.registry->publish({*from, *to, plan_->auth, source_purpose(), progress_.stop()},
                                 std::move(done));
    });
    if (published) {
      progress_.say("published " + published->digest + ": " + std::to_string(published->blobs_mounted) +
                    " blobs mounted, " + std::to_string(published->blobs_present) + " present");
      return {};
    }
    if (published.error().code != error_code::failed_precondition)
      return failed(source_purpose() == registry_purpose::own_image ? not_the_users(published.error())
                                                                    : published.error(),
                    "cannot publish the workspace image");
    progress_.say("the registry does not mount blobs (" + published.error().message + "); copying instead");
  }
  return copy_between_registries();
}

result<void> pipeline::copy_between_registries() {
  auto from = *parse_reference(plan_->base_ref);
  auto to = *parse_reference(plan_->workspace_ref);
  build_tools no_build;
  buildah tool(context_, tools_ == nullptr ? no_build : *tools_, folder_ / "copy", progress_.output(),
               progress_.stop());
  tool.work_for(plan_->build_id);
  if (auto done = tool.prepare({}); !done) return done;
  auto source_auth = auth_file("source.json", source_purpose(), {from.domain});
  if (!source_auth) return source_auth.error();
  auto target_auth = auth_file("target.json", registry_purpose::own_image, {to.domain});
  if (!target_auth) return target_auth.error();
  auto copied = progress_.patiently<void>(from.domain + " or " + to.domain, [&] {
    return tool.copy({plan_->base_ref, speaks_plain_http(context_.registries, from.domain), *source_auth},
                     {plan_->workspace_ref, speaks_plain_http(context_.registries, to.domain), *target_auth});
  });
  if (copied) return {};
  where_ = place_of_failure(tool.last_output(), {});
  return failed(copied.error(), "cannot copy " + plan_->base_ref + " to " + plan_->workspace_ref);
}

result<void> pipeline::verify() {
  progress_.enter(build_state::verifying, "verifying " + plan_->workspace_ref);
  auto found = look_for(plan_->workspace_ref);
  if (!found) return found.error();
  if (!*found) return error{error_code::internal, "image build did not produce a workspace image", "", {}};
  return {};
}

/// A base image that the service pushed itself is read with its own credentials, any other with what the
/// request may use.
registry_purpose pipeline::source_purpose() const {
  return std::holds_alternative<reference_source>(plan_->source) ? registry_purpose::resolve
                                                                 : registry_purpose::own_image;
}

/// Every registry that the build of a Dockerfile may pull from.
std::set<std::string> pipeline::pull_domains(const std::string& dockerfile,
                                             const std::vector<reference>& images) const {
  std::set<std::string> domains{context_.base_domain};
  for (const auto& [domain, value] : plan_->auth.additional)
    domains.insert(domain);
  for (auto& domain : registry_names(dockerfile))
    domains.insert(std::move(domain));
  for (const auto& image : images)
    domains.insert(image.domain);
  return domains;
}

/// An image of the service's own repositories, empty where the registry has none.
result<std::optional<reference>> pipeline::look_for(const std::string& text) {
  auto ref = parse_reference(text);
  if (!ref) return ref.error();
  auto image = ask<io::found_image>(ref->domain, [&](auto done) {
    context_.registry->head({*ref, {}, registry_purpose::own_image, true, progress_.stop()}, std::move(done));
  });
  if (image) return std::optional(image->ref);
  if (image.error().code == error_code::not_found) return std::optional<reference>{};
  return not_the_users(image.error());
}

result<fs::path> pipeline::auth_file(const std::string& name, registry_purpose purpose,
                                     const std::set<std::string>& domains) const {
  std::map<std::string, registry_credential> credentials;
  for (const auto& domain : domains) {
    credentials[domain] = *wait_for<registry_credential>([&](auto done) {
      context_.credentials->find(plan_->auth, purpose, domain,
                                 [done](registry_credential found) { done(std::move(found)); });
    });
    if (!credentials[domain].registry_token.empty())
      progress_.say("the credential for " + domain +
                    " is a registry token: the service itself can use it, buildah and skopeo cannot");
  }
  auto path = folder_ / name;
  if (auto written = write_auth_file(path, credentials); !written) return written.error();
  return path;
}

} // namespace ib
