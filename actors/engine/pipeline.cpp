#include "actors/engine/pipeline.hpp"

#include "actors/domain/reference.hpp"
#include "actors/engine/auth_file.hpp"
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
      progress_(context.threads, context.registries, std::move(events), std::move(stop)) {}

pipeline::~pipeline() {
  std::error_code ignored;
  fs::remove_all(folder(), ignored);
  if (ignored) progress_.say("cannot remove the build's folder: " + ignored.message());
}

fs::path pipeline::folder() const {
  return context_.folders.builds / (plan_->build_id + "-" + std::to_string(attempt_));
}

/// `call` is given the callback for the answer.
template <class T, class Call>
io::task<result<T>> pipeline::ask(std::string registry, Call call) {
  return progress_.patiently<T>(std::move(registry),
                                [this, call] { return context_.threads.call<result<T>>(call); });
}

io::task<build_event> pipeline::run() {
  auto running = steps();
  auto done = co_await running;
  if (done) co_return run_succeeded{};
  auto fault = fault_of(done.error().code);
  auto message = done.error().message;
  if (fault == fault_class::user) {
    message = "build failed: " + message;
    // Clients look for these words: neither the resolved base nor the request's own source serves.
    if (!plan_->gone_base.empty()) message += "; base image does not exist: " + plan_->gone_base;
  }
  co_return run_failed{fault, message, where_};
}

io::task<result<void>> pipeline::steps() {
  if (!plan_->force_rebuild && !has_just_been_looked_for()) {
    auto looking = exists(plan_->workspace_ref);
    auto present = co_await looking;
    if (!present) co_return present.error();
    if (*present) {
      progress_.say("the workspace image exists by now: nothing is left to do");
      auto verifying = verify();
      auto verified = co_await verifying;
      co_return verified;
    }
  }
  if (auto* source = std::get_if<dockerfile_source>(&plan_->source)) {
    auto providing = provide_base(*source);
    auto provided = co_await providing;
    if (!provided) co_return provided;
  }
  if (progress_.stopped()) co_return run_progress::stopped_error();
  auto publishing = publish();
  auto published = co_await publishing;
  if (!published) co_return published;
  if (progress_.stopped()) co_return run_progress::stopped_error();
  auto verifying = verify();
  auto verified = co_await verifying;
  co_return verified;
}

/// A request is decided by such a look, right before its plan is made: a build that did not wait has nothing
/// to gain by another. One that waited, or is tried again, may find that somebody else has made the image.
bool pipeline::has_just_been_looked_for() const {
  auto age_ms = io::unix_ms_now() - plan_->created_ms;
  return attempt_ == 1 && age_ms >= 0 && age_ms < look_is_fresh_ms;
}

/// Only for what needs files: an image that is published within its registry has none.
result<void> pipeline::make_folder() const {
  std::error_code failure;
  fs::create_directory(folder(), failure);
  if (!failure) fs::permissions(folder(), fs::perms::owner_all, failure);
  if (failure)
    return error{error_code::internal, "cannot create the build's folder: " + failure.message(), "", {}};
  return {};
}

void pipeline::make_source_folders() const {
  fs::create_directory(context_root());
  fs::create_directory(private_folder());
  fs::permissions(private_folder(), fs::perms::owner_all);
}

/// Sees to it that the base image is in the base repository.
io::task<result<void>> pipeline::provide_base(const dockerfile_source& source) {
  auto looking = exists(plan_->base_ref);
  auto base = co_await looking;
  if (!base) co_return base.error();
  if (*base && !plan_->force_rebuild) {
    progress_.say("base image " + plan_->base_ref + " exists already and is reused");
    co_return result<void>();
  }
  auto building = build_and_push(source);
  auto done = co_await building;
  co_return done;
}

io::task<result<void>> pipeline::build_and_push(const dockerfile_source& source) {
  if (tools_ == nullptr)
    co_return error{
        error_code::internal,
        "this machine cannot build images: buildah does not work here (the service's log says why)",
        "",
        {}};
  progress_.enter(build_state::preparing, preparing_in_words(source.source));
  if (auto made = make_folder(); !made) co_return made;
  make_source_folders();
  auto fetching = fetch_context(source);
  auto fetched = co_await fetching;
  if (!fetched) co_return fetched;
  if (progress_.stopped()) co_return run_progress::stopped_error();
  buildah_ = std::make_unique<buildah>(context_, *tools_, private_folder(), progress_.events().output,
                                       progress_.stop());
  buildah_->work_for(plan_->build_id, progress_.events().gate);
  base_build in_the_store(context_, *plan_, *buildah_, progress_); // until the image is pushed
  auto building = build(source, in_the_store);
  auto image_id = co_await building;
  if (!image_id) co_return image_id.error();
  layer_store(context_.folders, *tools_).note_use(*image_id);
  if (progress_.stopped()) co_return run_progress::stopped_error();
  auto pushing = push(*image_id);
  auto pushed = co_await pushing;
  co_return pushed;
}

result<image_build> pipeline::begin_build(const dockerfile_source& source) {
  const auto root = context_root();
  auto paths = io::locate_build_paths(source, root);
  if (!paths) return paths.error();
  progress_.enter(build_state::building,
                  "building the base image from " + fs::relative(paths->dockerfile, root).string());
  progress_.say("isolation: " + tools_->explanation);
  return image_build{paths->dockerfile, paths->context, {}};
}

io::task<result<std::string>> pipeline::build(const dockerfile_source& source, base_build& in_the_store) {
  auto what = begin_build(source);
  if (!what) co_return what.error();
  std::vector<reference> images;
  std::set<std::string> domains;
  {
    const auto dockerfile_text = io::text_of_file(what->dockerfile);
    images = dockerfile_images(dockerfile_text);
    domains = pull_domains(dockerfile_text, images);
  }
  if (auto done = buildah_->prepare(pull_routes(context_.registries, domains)); !done) co_return done.error();
  auto authorizing = auth_file("pull.json", registry_purpose::dockerfile,
                               with_mirrors(context_.registries, std::move(domains)));
  auto pull_auth = co_await authorizing;
  if (!pull_auth) co_return pull_auth.error();
  what->auth_file = std::move(*pull_auth);
  auto building = in_the_store.run(*what, images);
  auto image_id = co_await building;
  if (image_id) co_return image_id;
  where_ = place_of_failure(buildah_->last_output(), io::text_of_file(what->dockerfile));
  auto removing = remove_working_containers(context_, *tools_, private_folder());
  auto removed = co_await removing;
  static_cast<void>(removed);
  co_return image_id;
}

io::task<result<void>> pipeline::push(std::string image_id) {
  progress_.enter(build_state::pushing, "pushing the base image to " + plan_->base_ref);
  std::set<std::string> domains{context_.base_domain};
  auto authorizing = auth_file("push.json", registry_purpose::own_image, std::move(domains));
  auto push_auth = co_await authorizing;
  if (!push_auth) co_return push_auth.error();
  auto pushing = progress_.patiently<void>(context_.base_domain, [&] {
    return buildah_->push(image_id, plan_->base_ref, *push_auth,
                          speaks_plain_http(context_.registries, context_.base_domain));
  });
  auto pushed = co_await pushing;
  if (pushed) co_return pushed;
  where_ = place_of_failure(buildah_->last_output(), {});
  co_return failed(not_the_users(pushed.error()), "cannot push the base image to " + plan_->base_ref);
}

io::task<result<void>> pipeline::fetch_context(const dockerfile_source& source) {
  output_tail said;
  const auto& events = progress_.events();
  auto listen = [&](std::string_view bytes) {
    said.add(bytes);
    events.output(bytes);
  };
  io::checkout_settings checkout{context_.settings.allow_file_protocol,
                                 listen,
                                 events.gate,
                                 plan_->one_time_answers,
                                 events.answer,
                                 {state_mark(context_.folders)},
                                 context_.faults.get(),
                                 plan_->build_id};
  auto preparing = io::prepare_context(context_.threads, source.source, context_root(), private_folder(),
                                       checkout, progress_.stop());
  auto done = co_await preparing;
  if (!done) where_ = place_of_failure(said, {});
  co_return done;
}

void pipeline::tell(const io::published_image& image) const {
  progress_.say("published " + image.digest + ": " + std::to_string(image.blobs_mounted) +
                " blobs mounted, " + std::to_string(image.blobs_present) + " present");
}

/// The base manifest under the workspace reference, digests preserved; within a registry by mounting its
/// blobs.
io::task<result<void>> pipeline::publish() {
  progress_.enter(build_state::publishing, "publishing the workspace image as " + plan_->workspace_ref);
  auto from = parse_reference(plan_->base_ref);
  auto to = parse_reference(plan_->workspace_ref);
  if (!from) co_return from.error();
  if (!to) co_return to.error();
  if (from->domain == to->domain) {
    auto asking = ask<io::published_image>(to->domain, [&](auto done) {
      context_.registry->publish({*from, *to, plan_->auth, source_purpose(), progress_.stop()},
                                 std::move(done));
    });
    auto published = co_await asking;
    if (published) {
      tell(*published);
      co_return result<void>();
    }
    if (published.error().code != error_code::failed_precondition)
      co_return failed(source_purpose() == registry_purpose::own_image ? not_the_users(published.error())
                                                                       : published.error(),
                       "cannot publish the workspace image");
    progress_.say("the registry does not mount blobs (" + published.error().message + "); copying instead");
  }
  auto copying = copy_between_registries();
  auto copied = co_await copying;
  co_return copied;
}

io::task<result<void>> pipeline::copy_between_registries() {
  auto from = *parse_reference(plan_->base_ref);
  auto to = *parse_reference(plan_->workspace_ref);
  if (auto made = make_folder(); !made) co_return made;
  build_tools no_build;
  buildah tool(context_, tools_ == nullptr ? no_build : *tools_, folder() / "copy", progress_.events().output,
               progress_.stop());
  tool.work_for(plan_->build_id, progress_.events().gate);
  if (auto done = tool.prepare({}); !done) co_return done;
  std::set<std::string> domains{from.domain};
  auto authorizing_source = auth_file("source.json", source_purpose(), std::move(domains));
  auto source_auth = co_await authorizing_source;
  if (!source_auth) co_return source_auth.error();
  domains = {to.domain};
  auto authorizing_target = auth_file("target.json", registry_purpose::own_image, std::move(domains));
  auto target_auth = co_await authorizing_target;
  if (!target_auth) co_return target_auth.error();
  copy_end source{plan_->base_ref, speaks_plain_http(context_.registries, from.domain), *source_auth};
  copy_end target{plan_->workspace_ref, speaks_plain_http(context_.registries, to.domain), *target_auth};
  auto copying =
      progress_.patiently<void>(from.domain + " or " + to.domain, [&] { return tool.copy(source, target); });
  auto copied = co_await copying;
  if (copied) co_return copied;
  where_ = place_of_failure(tool.last_output(), {});
  co_return failed(copied.error(), "cannot copy " + plan_->base_ref + " to " + plan_->workspace_ref);
}

io::task<result<void>> pipeline::verify() {
  progress_.enter(build_state::verifying, "verifying " + plan_->workspace_ref);
  auto looking = exists(plan_->workspace_ref);
  auto found = co_await looking;
  if (!found) co_return found.error();
  if (!*found) co_return error{error_code::internal, "image build did not produce a workspace image", "", {}};
  co_return result<void>();
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

/// Of an image of the service's own repositories.
io::task<result<bool>> pipeline::exists(std::string text) {
  auto ref = parse_reference(text);
  if (!ref) co_return ref.error();
  auto asking = ask<io::found_image>(ref->domain, [&](auto done) {
    context_.registry->head({*ref, {}, registry_purpose::own_image, true, progress_.stop()}, std::move(done));
  });
  auto image = co_await asking;
  if (image) co_return true;
  if (image.error().code == error_code::not_found) co_return false;
  co_return not_the_users(image.error());
}

io::task<result<std::string>> pipeline::auth_file(std::string name, registry_purpose purpose,
                                                  std::set<std::string> domains) const {
  std::map<std::string, registry_credential> credentials;
  for (const auto& domain : domains) {
    auto finding = context_.threads.call<registry_credential>(
        [&](auto done) { context_.credentials->find(plan_->auth, purpose, domain, std::move(done)); });
    auto found = co_await finding;
    if (!found.registry_token.empty())
      progress_.say("the credential for " + domain +
                    " is a registry token: the service itself can use it, buildah and skopeo cannot");
    credentials[domain] = std::move(found);
  }
  auto path = (folder() / name).string();
  if (auto written = write_auth_file(path, credentials); !written) co_return written.error();
  co_return path;
}

} // namespace ib
