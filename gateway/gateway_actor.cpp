#include "gateway/gateway_actor.hpp"

#include "actors/ask.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

namespace {

error restarting(const std::string& part) {
  return {error_code::unavailable, "the " + part + " is restarting; try again", "", {}};
}

void look_up(gateway_actor::pointer self, const serve_lookup& call) {
  auto pool = find_actor<resolver_actor>(self->system(), names::resolver);
  if (!pool) return call.answer->refuse(restarting("resolver"));
  take_answer<image_answer>(
      self, self->request(pool, ask_timeout, resolve_image{call.lookup}),
      [answer = call.answer](const image_answer& image) {
        if (image.image)
          answer->found(*image.image);
        else
          answer->refuse(image.image.error());
      },
      [answer = call.answer](const caf::error&) { answer->refuse(restarting("resolver")); });
}

void find_channel(gateway_actor::pointer self, const serve_channel& call) {
  auto journal = find_actor<journal_actor>(self->system(), names::journal);
  if (!journal) return call.answer->refuse(restarting("journal"));
  take_answer<journal_found>(
      self,
      self->request(journal, ask_timeout, journal_find{call.build_id, call.workspace_ref, call.log_from}),
      [answer = call.answer](const journal_found& found) {
        if (found.record)
          answer->found(found.record->channel, found.log);
        else
          answer->refuse(found.record.error());
      },
      [answer = call.answer](const caf::error&) { answer->refuse(restarting("journal")); });
}

/// Asks the journal; `member` is where its answer has what was asked for.
template <class Answered, class Question, class Found>
void ask_journal(gateway_actor::pointer self, Question question, result<Found> Answered::*member,
                 std::shared_ptr<house_answer<Found>> answer) {
  auto journal = find_actor<journal_actor>(self->system(), names::journal);
  if (!journal) return answer->refuse(restarting("journal"));
  take_answer<Answered>(
      self, self->request(journal, ask_timeout, std::move(question)),
      [answer, member](const Answered& answered) {
        const auto& found = answered.*member;
        if (found)
          answer->found(*found);
        else
          answer->refuse(found.error());
      },
      [answer](const caf::error&) { answer->refuse(restarting("journal")); });
}

/// Of a build that is not under way the journal knows whether it has ended or never was.
class ended_build_answer final : public house_answer<build_description> {
public:
  explicit ended_build_answer(std::shared_ptr<house_answer<build_description>> inner)
      : inner_(std::move(inner)) {}
  void found(const build_description& build) override {
    const auto& summary = build.summary;
    if (!is_terminal(summary.machine.state))
      return inner_->refuse({error_code::unavailable,
                             "build " + summary.build_id + " cannot be cancelled at this moment; try again",
                             "",
                             {}});
    inner_->refuse({error_code::failed_precondition,
                    "build " + summary.build_id + " has ended: it " + to_string(summary.machine.state),
                    "",
                    {}});
  }
  void refuse(const error& why) override { inner_->refuse(why); }

private:
  std::shared_ptr<house_answer<build_description>> inner_;
};

void cancel(gateway_actor::pointer self, const serve_cancel& call) {
  auto director = find_actor<director_actor>(self->system(), names::director);
  if (!director) return call.answer->refuse(restarting("director"));
  take_answer<cancel_answer>(
      self, self->request(director, ask_timeout, call.wish),
      [self, id = call.wish.build_id, answer = call.answer](const cancel_answer& said) {
        journal_describe question{id};
        if (said.outcome) return ask_journal(self, question, &journal_described::build, answer);
        if (said.outcome.error().code == error_code::unavailable) return answer->refuse(said.outcome.error());
        std::shared_ptr<house_answer<build_description>> ended = std::make_shared<ended_build_answer>(answer);
        ask_journal(self, question, &journal_described::build, ended);
      },
      [answer = call.answer](const caf::error&) { answer->refuse(restarting("director")); });
}

} // namespace

gateway_actor::behavior_type gateway(gateway_actor::pointer self, const intake_settings& settings) {
  auto seen = enter_board(self, "gateway", "house/gateway");
  return seen.observe(
      [self, settings](const serve_build& call) {
        auto with_asker = settings;
        with_asker.asker = call.asker;
        self->spawn(build_intake, *call.request, call.answer, std::move(with_asker), call.inquiry);
      },
      [self](const serve_lookup& call) { look_up(self, call); },
      [self](const serve_channel& call) { find_channel(self, call); },
      [self](const serve_description& call) {
        ask_journal(self, journal_describe{call.build_id}, &journal_described::build, call.answer);
      },
      [self](const serve_page& call) {
        ask_journal(self, journal_list{call.filter}, &journal_listed::page, call.answer);
      },
      [self](const serve_cancel& call) { cancel(self, call); });
}

} // namespace ib
