#pragma once

#include "actors/io/fault_injector.hpp"

#include <imagebuilder/v1/faults.grpc.pb.h>

#include <memory>

namespace ib {

/// Serves imagebuilder.v1.Faults; made only where the configuration enables fault injection. Nothing here
/// waits: every call is answered in its handler.
class faults_service final : public imagebuilder::v1::Faults::CallbackService {
public:
  explicit faults_service(std::shared_ptr<io::fault_injector> faults) : faults_(std::move(faults)) {}

  grpc::ServerUnaryReactor* ListActors(grpc::CallbackServerContext* context,
                                       const imagebuilder::v1::ListActorsRequest* request,
                                       imagebuilder::v1::ListActorsResponse* response) override;
  grpc::ServerUnaryReactor* KillActor(grpc::CallbackServerContext* context,
                                      const imagebuilder::v1::KillActorRequest* request,
                                      imagebuilder::v1::KillActorResponse* response) override;
  grpc::ServerUnaryReactor* ThrowInActor(grpc::CallbackServerContext* context,
                                         const imagebuilder::v1::ThrowInActorRequest* request,
                                         imagebuilder::v1::ThrowInActorResponse* response) override;
  grpc::ServerUnaryReactor* HoldMailbox(grpc::CallbackServerContext* context,
                                        const imagebuilder::v1::HoldMailboxRequest* request,
                                        imagebuilder::v1::HoldMailboxResponse* response) override;
  grpc::ServerUnaryReactor* DisturbOperations(grpc::CallbackServerContext* context,
                                              const imagebuilder::v1::DisturbOperationsRequest* request,
                                              imagebuilder::v1::DisturbOperationsResponse* response) override;
  grpc::ServerUnaryReactor* ClearFaults(grpc::CallbackServerContext* context,
                                        const imagebuilder::v1::ClearFaultsRequest* request,
                                        imagebuilder::v1::ClearFaultsResponse* response) override;
  grpc::ServerUnaryReactor* KillChild(grpc::CallbackServerContext* context,
                                      const imagebuilder::v1::KillChildRequest* request,
                                      imagebuilder::v1::KillChildResponse* response) override;
  grpc::ServerUnaryReactor* HoldPipe(grpc::CallbackServerContext* context,
                                     const imagebuilder::v1::HoldPipeRequest* request,
                                     imagebuilder::v1::HoldPipeResponse* response) override;
  grpc::ServerUnaryReactor* CountFaults(grpc::CallbackServerContext* context,
                                        const imagebuilder::v1::CountFaultsRequest* request,
                                        imagebuilder::v1::CountFaultsResponse* response) override;

private:
  std::shared_ptr<io::fault_injector> faults_;
};

} // namespace ib
