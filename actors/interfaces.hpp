#pragma once

#include "actors/messages.hpp"

#include <caf/typed_actor.hpp>

namespace ib {

using journal_actor = caf::typed_actor<
    // Keeps a new build.
    caf::replies_to<journal_create>::with<journal_kept>,
    // Keeps a build's progress; a terminal state closes its log.
    caf::replies_to<journal_advance>::with<journal_kept>,
    // Appends to a build's log; visible to readers once answered.
    caf::replies_to<journal_append>::with<journal_kept>,
    // Answers with one build's record.
    caf::replies_to<journal_find>::with<journal_found>,
    // Answers with every build that has not ended.
    caf::replies_to<journal_list_unfinished>::with<journal_unfinished>,
    // Answers with what is known of a build, its steps among it, without its log.
    caf::replies_to<journal_describe>::with<journal_described>,
    // Answers with a page of the builds that match a filter, newest first.
    caf::replies_to<journal_list>::with<journal_listed>,
    // Keeps how a request came to a build.
    caf::reacts_to<journal_note_request>,
    // Keeps what a one-time URL answered, until the build has ended.
    caf::replies_to<journal_note_answer>::with<journal_kept>>;

/// The pool and its workers speak the same interface.
using resolver_actor = caf::typed_actor<
    // Answers with the digest form of a reference; lookups in flight are shared.
    caf::replies_to<resolve_image>::with<image_answer>,
    // Answers whether an image exists right now; lookups in flight are shared, answers are not kept.
    caf::replies_to<find_image>::with<image_answer>>;

using director_actor = caf::typed_actor<
    // Starts the build of a plan or joins the one of the same reference; answers once it is kept and
    // supervised.
    caf::replies_to<admit_build>::with<build_admitted>,
    // Notes that a request was joined to a build without asking first.
    caf::reacts_to<joins_noted>,
    // Takes over a build that runs already, outside of every limit; without effect where it is known.
    caf::reacts_to<adopt_build>,
    // A build introduces itself; one that waits is told to run, or where it stands in the queue.
    caf::reacts_to<build_ready>,
    // A build gives its slot back; the next ones in the queue are told to run.
    caf::reacts_to<build_ended>,
    // Passes a wish to cancel on to the build, as soon as that is there; answers what the build says.
    caf::replies_to<cancel_build>::with<cancel_answer>>;

using build_supervisor_actor = caf::typed_actor<
    // Starts the actor of a build that the journal knows, unless it lives already.
    caf::reacts_to<start_build>>;

using build_actor = caf::typed_actor<
    // The build may run.
    caf::reacts_to<run_now>,
    // Says to the director who it is, again.
    caf::reacts_to<introduce_yourself>,
    // The build still waits.
    caf::reacts_to<queue_place>,
    // Somebody wants the build to end; answers once that is kept.
    caf::replies_to<cancel_build>::with<cancel_answer>,
    // A piece of the run's output.
    caf::reacts_to<run_output>,
    // The run entered a phase.
    caf::reacts_to<run_phase>,
    // The run has something of its own to say in the log.
    caf::reacts_to<run_note>,
    // The run's output can be followed elsewhere, too.
    caf::reacts_to<run_log_access>,
    // The run is over.
    caf::reacts_to<run_ended>>;

using engine_actor = caf::typed_actor<
    // Starts the run of a build; answers with its actor.
    caf::replies_to<start_run>::with<run_handle>,
    // Answers with the actor of a run that was started before.
    caf::replies_to<attach_run>::with<run_handle>,
    // Ends the run of a build, wherever it is; the run still says how it ended.
    caf::reacts_to<stop_run>>;

using run_actor = caf::typed_actor<
    // Sends the run's output from an offset on, its phase and its end to the listener, now and as they come.
    caf::reacts_to<subscribe_run>,
    // Forgets output that is kept in the log; the child goes on writing where it was held back.
    caf::reacts_to<acknowledge_output>,
    // Ends the run.
    caf::reacts_to<stop_run>,
    // The run's end is known and kept; the actor may go.
    caf::reacts_to<release_run>>;

using fan_out_actor = caf::typed_actor<
    // Wakes the readers of a channel: at once where they are few, in steps of some milliseconds where they
    // are many.
    caf::reacts_to<channel_grew>>;

} // namespace ib
