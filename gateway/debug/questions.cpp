#include "gateway/debug/questions.hpp"

#include "actors/interfaces.hpp"
#include "actors/names.hpp"
#include "gateway/debug/plain_log.hpp"
#include "gateway/debug/view.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace ib {

namespace {

constexpr size_t usual_page = 100;
constexpr size_t longest_page = 1000;

int status_of(const error& why) {
  switch (why.code) {
  case error_code::not_found:
    return 404;
  case error_code::invalid_argument:
  case error_code::out_of_range:
    return 400;
  case error_code::failed_precondition:
    return 409;
  case error_code::unavailable:
  case error_code::too_many_requests:
  case error_code::resource_exhausted:
  case error_code::deadline_exceeded:
  case error_code::cancelled:
    return 503;
  case error_code::unauthenticated:
  case error_code::permission_denied:
  case error_code::data_corrupt:
  case error_code::internal:
    return 500;
  }
  return 500;
}

void refuse(const http::reply_ptr& to, const error& why) {
  to->answer(http::plain(status_of(why), why.message));
}

/// An actor of its own for one question.
template <class Answer, class Whom, class Question, class Then>
void ask(caf::actor_system& system, caf::atom_value name, Question question, const http::reply_ptr& to,
         Then then) {
  auto whom = find_actor<Whom>(system, name);
  auto away = [to] { to->answer(http::plain(503, "the part that knows is restarting; try again")); };
  if (!whom) return away();
  system.spawn([=](caf::event_based_actor* self) {
    self->request(whom, ask_timeout, question).then(then, [away](const caf::error&) { away(); });
  });
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failed == std::errc() && end == text.data() + text.size();
}

/// "CREATED-ID", as page_json says it.
bool read_place(std::string_view text, listing_place& into) {
  auto dash = text.find('-');
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), into.created_ms)) return false;
  into.build_id = text.substr(dash + 1);
  return true;
}

} // namespace

void debug_questions::list_builds(const http::request& asked, const http::reply_ptr& to) const {
  build_filter filter;
  filter.limit = usual_page;
  if (auto limit = asked.query.find("limit"); limit != asked.query.end())
    if (!read_number(limit->second, filter.limit)) return to->answer(http::plain(400, "limit is no number"));
  filter.limit = std::clamp<size_t>(filter.limit, 1, longest_page);
  if (auto after = asked.query.find("after"); after != asked.query.end()) {
    filter.after.emplace();
    if (!read_place(after->second, *filter.after))
      return to->answer(http::plain(400, "after is no place in the list"));
  }
  ask<journal_listed, journal_actor>(system_, names::journal, journal_list{filter}, to,
                                     [to](const journal_listed& m) {
                                       if (m.page)
                                         to->answer(http::json_answer(page_json(*m.page)));
                                       else
                                         refuse(to, m.page.error());
                                     });
}

void debug_questions::list_cached(const http::reply_ptr& to) const {
  ask<cached_digests, caching_resolver>(
      system_, names::resolver, ib::list_cached{longest_page}, to,
      [to](const cached_digests& cache) { to->answer(http::json_answer(cache_json(cache))); });
}

void debug_questions::describe_build(const std::string& build_id, const http::reply_ptr& to) const {
  ask<journal_described, journal_actor>(system_, names::journal, journal_describe{build_id}, to,
                                        [to](const journal_described& m) {
                                          if (m.build)
                                            to->answer(http::json_answer(build_json(*m.build)));
                                          else
                                            refuse(to, m.build.error());
                                        });
}

void debug_questions::follow_log(const std::string& build_id, uint64_t from,
                                 const http::reply_ptr& to) const {
  ask<journal_found, journal_actor>(
      system_, names::journal, journal_find{build_id, "", from}, to, [to, from](const journal_found& m) {
        if (m.record)
          to->stream({}, std::make_unique<plain_log>(m.record->channel, m.log, from));
        else
          refuse(to, m.record.error());
      });
}

void debug_questions::cancel_build(const std::string& build_id, const std::string& reason,
                                   const http::reply_ptr& to) const {
  ask<cancel_answer, director_actor>(system_, names::director, ib::cancel_build{build_id, reason}, to,
                                     [to](const cancel_answer& m) {
                                       if (m.outcome)
                                         to->answer(http::json_answer("{}", 202));
                                       else
                                         refuse(to, m.outcome.error());
                                     });
}

} // namespace ib
