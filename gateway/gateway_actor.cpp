#include "gateway/gateway_actor.hpp"

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
  self->request(pool, ask_timeout, resolve_image{call.lookup})
      .then(
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
  self->request(journal, ask_timeout, journal_find{call.build_id, call.workspace_ref})
      .then(
          [answer = call.answer](const journal_found& found) {
            if (found.record)
              answer->found(found.record->channel);
            else
              answer->refuse(found.record.error());
          },
          [answer = call.answer](const caf::error&) { answer->refuse(restarting("journal")); });
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
      [self](const serve_channel& call) { find_channel(self, call); });
}

} // namespace ib
