#include "tools/imgctl/find_build.hpp"

#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/list_request.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {

failure explain_builds(const grpc::ClientContext& context, const grpc::Status& status,
                       const std::string& what, const std::string& address) {
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED)
    return {exit_code::failed, what + ": the service at " + address +
                                   " does not have imagebuilder.v1.Builds, which this command needs"};
  return explain(status, {what, address, answered_by_service(context, status)});
}

outcome<std::string> find_build_id(connection& service, const std::string& target, bool& unimplemented) {
  unimplemented = false;
  if (!is_reference(target)) return target;
  grpc::ClientContext context;
  bound(context);
  imagebuilder::v1::ListBuildsRequest request;
  request.set_reference(target);
  request.set_page_size(1);
  imagebuilder::v1::ListBuildsResponse page;
  const auto status = service.builds->ListBuilds(&context, request, &page);
  if (!status.ok()) {
    unimplemented = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    return explain_builds(context, status, "cannot look for builds of " + target, service.address);
  }
  if (page.builds().empty()) return failure{exit_code::failed, "no build of " + target + " is known"};
  return page.builds(0).build_id();
}

} // namespace ib::imgctl
