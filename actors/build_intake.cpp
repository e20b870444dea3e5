#include "actors/build_intake.hpp"

#include "actors/ask.hpp"
#include "actors/domain/auth_policy.hpp"
#include "actors/domain/image_hash.hpp"
#include "actors/domain/reference.hpp"
#include "actors/io/random_id.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"

#include <utility>

namespace ib {

namespace {

/// The decisions about one request. Kept alive by the handlers of its pending questions.
class intake : public std::enable_shared_from_this<intake> {
public:
  intake(caf::event_based_actor* self, build_request request, std::shared_ptr<build_answer> answer,
         intake_settings settings, bool inquiry)
      : self_(self),
        request_(std::move(request)),
        answer_(std::move(answer)),
        settings_(std::move(settings)),
        inquiry_(inquiry) {}

  void begin() {
    if (!request_.base_image_name_resolved.empty() && !request_.force_rebuild) return check_resolved_base();
    own_source();
  }

private:
  using found_image_handler = std::function<void(const result<io::found_image>&)>;

  // Decision 2: the base that an earlier call resolved.
  void check_resolved_base() {
    const auto& name = request_.base_image_name_resolved;
    auto base = parse_reference(name);
    if (!base) return refuse(with_field(base.error(), "base_image_name_resolved"));
    auto workspace_ref = workspace_reference(settings_.workspace_repository, name);
    auto me = shared_from_this();
    look_for(workspace_ref, [me, workspace_ref, base = *base](const result<io::found_image>& image) {
      if (image) return me->answer_->exists(workspace_ref, me->request_.base_image_name_resolved);
      if (image.error().code != error_code::not_found) return me->refuse(image.error());
      me->resolve(base, [me](const result<io::found_image>& found) { me->resolved_base(found); });
    });
  }

  void resolved_base(const result<io::found_image>& base) {
    if (base) {
      request_.source = reference_source{base->ref.to_string()};
      return decide(base->ref.to_string());
    }
    if (base.error().code != error_code::not_found) return refuse(base.error());
    base_is_gone_ = true;
    explanation_.push_back("the resolved base image " + request_.base_image_name_resolved +
                           " is gone; going on with the request's own source");
    own_source();
  }

  // Decision 1 was made where the request was checked: there is a source unless a resolved base is given.
  void own_source() {
    if (!request_.source) return refuse(bad_field("source", "build source is missing"));
    if (auto* file = std::get_if<dockerfile_source>(&*request_.source))
      return decide(base_reference(settings_.base_repository, *file));
    const auto& text = std::get<reference_source>(*request_.source).ref;
    auto ref = parse_reference(text);
    if (!ref) return refuse(with_field(ref.error(), "source.ref.ref"));
    auto me = shared_from_this();
    resolve(*ref, [me](const result<io::found_image>& found) {
      if (!found) return me->refuse(found.error());
      me->decide(found->ref.to_string());
    });
  }

  // Decisions 3 and 4.
  void decide(std::string base_ref) {
    auto workspace_ref = workspace_reference(settings_.workspace_repository, base_ref);
    seen_epoch_ = settings_.board->read()->epoch;
    if (!inquiry_ && request_.force_rebuild)
      return admit(std::move(base_ref), workspace_ref, "forced by the request");
    auto me = shared_from_this();
    look_for(workspace_ref, [me, base_ref, workspace_ref](const result<io::found_image>& image) {
      if (image) return me->answer_->exists(workspace_ref, base_ref);
      if (image.error().code != error_code::not_found) {
        // A registry that does not answer keeps nobody from a build that is under way.
        if (me->inquiry_ || !me->runs(workspace_ref)) return me->refuse(image.error());
        return me->admit(base_ref, workspace_ref, "the build that was under way has just failed");
      }
      if (me->inquiry_) return me->answer_->missing(workspace_ref, base_ref);
      me->admit(base_ref, workspace_ref, "no image exists under this reference");
    });
  }

  bool runs(const std::string& workspace_ref) const {
    return settings_.board->read()->find_reference(workspace_ref) != nullptr;
  }

  void admit(std::string base_ref, const std::string& workspace_ref, const std::string& why) {
    auto director = find_actor<director_actor>(self_->system(), names::director);
    if (!director) return refuse(restarting("director"));
    auto plan = std::make_shared<build_plan>();
    plan->build_id = io::random_uuid();
    plan->created_ms = io::unix_ms_now();
    plan->workspace_ref = workspace_ref;
    plan->base_ref = std::move(base_ref);
    plan->source = *request_.source;
    name_source(*plan);
    plan->auth = request_.auth;
    plan->force_rebuild = request_.force_rebuild;
    plan->triggered_by = request_.triggered_by;
    plan->supervisor_ref = request_.supervisor_ref;
    plan->retry_lookups = request_.use_retry_client;
    plan->trace = request_.trace;
    plan->log_url = settings_.log_url ? settings_.log_url(plan->build_id) : "";
    plan->owner_token = io::random_token();
    plan->explanation.push_back("building " + workspace_ref + ": " + why);
    if (base_is_gone_) plan->gone_base = request_.base_image_name_resolved;
    plan->explanation.push_back("base image " + plan->base_ref);
    for (auto& line : explanation_)
      plan->explanation.push_back(std::move(line));
    auto me = shared_from_this();
    take_answer<build_admitted>(
        self_, self_->request(director, ask_timeout, admit_build{plan, seen_epoch_}),
        [me](const build_admitted& admitted) {
          if (!admitted.channel) return me->refuse(admitted.channel.error());
          me->answer_->follow(*admitted.channel, admitted.joined);
        },
        [me](const caf::error&) { me->refuse(restarting("director")); });
  }

  void look_for(const std::string& workspace_ref, found_image_handler then) {
    auto ref = parse_reference(workspace_ref);
    if (!ref) return refuse(ref.error());
    // The service's own credentials, whoever asks: all askers share one lookup.
    ask(find_image{{*ref, {}, registry_purpose::own_image, request_.use_retry_client, settings_.asker}},
        std::move(then));
  }

  void resolve(const reference& ref, found_image_handler then) {
    ask(resolve_image{{ref, request_.auth, registry_purpose::resolve, request_.use_retry_client,
                       settings_.asker}},
        std::move(then));
  }

  template <class Question>
  void ask(Question question, found_image_handler then) {
    auto pool = find_actor<resolver_actor>(self_->system(), names::resolver);
    if (!pool) return refuse(restarting("resolver"));
    auto me = shared_from_this();
    take_answer<image_answer>(
        self_, self_->request(pool, ask_timeout, std::move(question)),
        [then = std::move(then)](const image_answer& answer) { then(answer.image); },
        [me](const caf::error&) { me->refuse(restarting("resolver")); });
  }

  void refuse(error why) {
    if (base_is_gone_) why.message += "; base image does not exist: " + request_.base_image_name_resolved;
    answer_->refuse(std::move(why));
  }

  static error restarting(const std::string& part) {
    return {error_code::unavailable, "the " + part + " is restarting; try again", "", {}};
  }

  static error with_field(error e, const std::string& field) {
    e.field = field;
    e.message = field + ": " + e.message;
    return e;
  }

  caf::event_based_actor* self_;
  build_request request_;
  std::shared_ptr<build_answer> answer_;
  intake_settings settings_;
  bool inquiry_;
  bool base_is_gone_ = false;
  uint64_t seen_epoch_ = 0;
  std::vector<std::string> explanation_;
};

} // namespace

channel_ptr find_forced(const build_request& request, const intake_settings& settings) {
  const auto* file = request.source ? std::get_if<dockerfile_source>(&*request.source) : nullptr;
  if (!request.force_rebuild || file == nullptr) return nullptr;
  auto now = settings.board->read();
  if (now->channels().empty()) return nullptr;
  const auto ref =
      workspace_reference(settings.workspace_repository, base_reference(settings.base_repository, *file));
  auto channel = now->find_reference(ref);
  // One that has ended may be on the board for another moment, and is no answer to a forced request.
  return channel && channel->ended() ? nullptr : channel;
}

void build_intake(caf::event_based_actor* self, build_request request, std::shared_ptr<build_answer> answer,
                  intake_settings settings, bool inquiry) {
  // It has no handlers, only questions under way.
  enter_board(self, "build_intake", "house/gateway/" + std::to_string(self->id()));
  std::make_shared<intake>(self, std::move(request), std::move(answer), std::move(settings), inquiry)
      ->begin();
}

} // namespace ib
