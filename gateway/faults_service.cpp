#include "gateway/faults_service.hpp"

#include "gateway/grpc_status.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace ib {

namespace v1 = imagebuilder::v1;

namespace {

constexpr std::chrono::milliseconds longest{60'000};

/// Finishes a call in its handler.
grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

template <class T>
grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const result<T>& outcome) {
  return finish(context, outcome ? grpc::Status::OK : to_status(outcome.error()));
}

uint32_t at_least_one(uint32_t count) { return std::max(count, 1U); }

result<std::chrono::milliseconds> time_of(const google::protobuf::Duration& duration,
                                          const std::string& field) {
  bool in_range = duration.seconds() >= 0 && duration.seconds() <= 60 && duration.nanos() >= 0;
  auto time =
      std::chrono::milliseconds(in_range ? duration.seconds() * 1000 + duration.nanos() / 1'000'000 : 0);
  if (!in_range || time > longest) return bad_field(field, "is not between 0 and 60 s");
  return time;
}

/// What an operation fails with; none for 0. Codes that no error of ours has are INTERNAL.
std::optional<error> failure_of(int32_t code, const std::string& message) {
  if (code == grpc::StatusCode::OK) return std::nullopt;
  error failure{error_code::internal, message.empty() ? "an injected fault" : message, "", {}};
  for (auto own : {error_code::invalid_argument, error_code::not_found, error_code::unauthenticated,
                   error_code::permission_denied, error_code::unavailable, error_code::resource_exhausted,
                   error_code::cancelled, error_code::failed_precondition}) {
    failure.code = own;
    if (to_status(failure).error_code() == code) return failure;
  }
  failure.code = code == grpc::StatusCode::DEADLINE_EXCEEDED ? error_code::deadline_exceeded
                 : code == grpc::StatusCode::DATA_LOSS       ? error_code::data_corrupt
                                                             : error_code::internal;
  return failure;
}

result<io::fault_place> place_of(v1::Operation operation) {
  switch (operation) {
  case v1::OPERATION_REGISTRY:
    return io::fault_place::registry;
  case v1::OPERATION_GIT:
    return io::fault_place::git;
  case v1::OPERATION_PROCESS:
    return io::fault_place::process;
  case v1::OPERATION_JOURNAL:
    return io::fault_place::journal;
  case v1::OPERATION_WS_MANAGER:
    return io::fault_place::wsman;
  default: // an enum of the wire: it may have any value
    return bad_field("operation", "is none that is known");
  }
}

} // namespace

grpc::ServerUnaryReactor* faults_service::ListActors(grpc::CallbackServerContext* context,
                                                     const v1::ListActorsRequest*,
                                                     v1::ListActorsResponse* response) {
  for (const auto& entry : faults_->board().read()) {
    auto* actor = response->add_actors();
    actor->set_path(entry.path);
    actor->set_kind(entry.kind);
    actor->set_alive(entry.alive);
    actor->set_handled_messages(entry.handled);
    actor->set_crashes(entry.crashes);
    actor->set_last_error(entry.last_error);
  }
  return finish(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* faults_service::KillActor(grpc::CallbackServerContext* context,
                                                    const v1::KillActorRequest* request,
                                                    v1::KillActorResponse*) {
  return finish(context, faults_->kill_actor(request->path()));
}

grpc::ServerUnaryReactor* faults_service::ThrowInActor(grpc::CallbackServerContext* context,
                                                       const v1::ThrowInActorRequest* request,
                                                       v1::ThrowInActorResponse*) {
  auto when =
      request->moment() == v1::THROW_MOMENT_AFTER ? io::throw_moment::after : io::throw_moment::before;
  return finish(context, faults_->throw_in_actor(request->path(), at_least_one(request->count()), when));
}

grpc::ServerUnaryReactor* faults_service::HoldMailbox(grpc::CallbackServerContext* context,
                                                      const v1::HoldMailboxRequest* request,
                                                      v1::HoldMailboxResponse*) {
  auto time = time_of(request->duration(), "duration");
  if (!time) return finish(context, time);
  return finish(context, faults_->hold_mailbox(request->path(), at_least_one(request->count()), *time));
}

grpc::ServerUnaryReactor* faults_service::DisturbOperations(grpc::CallbackServerContext* context,
                                                            const v1::DisturbOperationsRequest* request,
                                                            v1::DisturbOperationsResponse*) {
  auto place = place_of(request->operation());
  if (!place) return finish(context, place);
  auto delay = time_of(request->delay(), "delay");
  if (!delay) return finish(context, delay);
  faults_->plan(*place, at_least_one(request->count()),
                {*delay, failure_of(request->code(), request->message())});
  return finish(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* faults_service::ClearFaults(grpc::CallbackServerContext* context,
                                                      const v1::ClearFaultsRequest*,
                                                      v1::ClearFaultsResponse*) {
  faults_->clear();
  return finish(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* faults_service::KillChild(grpc::CallbackServerContext* context,
                                                    const v1::KillChildRequest* request,
                                                    v1::KillChildResponse*) {
  return finish(context, faults_->kill_child(request->build_id()));
}

grpc::ServerUnaryReactor* faults_service::HoldPipe(grpc::CallbackServerContext* context,
                                                   const v1::HoldPipeRequest* request,
                                                   v1::HoldPipeResponse*) {
  auto time = time_of(request->duration(), "duration");
  if (!time) return finish(context, time);
  faults_->hold_pipe(request->build_id(), *time);
  return finish(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* faults_service::CountFaults(grpc::CallbackServerContext* context,
                                                      const v1::CountFaultsRequest*,
                                                      v1::CountFaultsResponse* response) {
  for (size_t i = 0; i < io::fault_kinds; ++i) {
    auto kind = static_cast<io::fault_kind>(i);
    (*response->mutable_injected())[to_string(kind)] = faults_->tally().count(kind);
  }
  return finish(context, grpc::Status::OK);
}

} // namespace ib
