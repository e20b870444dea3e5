#include "gateway/rpc_meter.hpp"

#include "tests/gateway/stream_fixture.hpp"
#include "tests/support/metric_values.hpp"

#include <grpcpp/generic/generic_stub.h>

using namespace ib;
using namespace ib::test;

namespace {

/// What the service counts for itself, or, of what it does not serve, the library's interceptor.
struct counted : served {
  explicit counted(bool counts_itself = true) : served(0, false, counts_itself) {}
  double calls(const std::string& method, const std::string& code) {
    return value("handled", "grpc_code=\"" + code + "\",", method);
  }
  double value(const std::string& what, const std::string& labels, const std::string& method) {
    return value_of(*meter, "grpc_server_" + what + "_total{" + labels + "grpc_method=\"" + method +
                                "\",grpc_service=\"builder.ImageBuilder\",grpc_type=\"" +
                                (method == "ListBuilds" ? "unary" : "server_stream") + "\"}");
  }
};

/// Whatever ends a call for its client may be there before the server has counted its end.
void wait_for(const std::function<bool()>& condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(condition());
}

} // namespace

TEST_CASE("each message of a stream is counted, and its end once", "[rpc_meter]") {
  counted place;
  CHECK(place.calls("Logs", "OK") == 0);
  place.append("one\n");
  log_call call(place);
  CHECK(call.read(4) == "one\n");
  place.wait_until_parked();
  CHECK(value_of(*place.meter, "image_builder_subscribers{stream=\"log\"}") == 1);
  CHECK(place.value("started", "", "Logs") == 1);
  CHECK(place.value("msg_received", "", "Logs") == 1);
  CHECK(place.value("msg_sent", "", "Logs") == 1);
  place.append("two\n");
  CHECK(call.read(4) == "two\n");
  place.close();
  CHECK(call.finish().ok());
  CHECK(place.value("msg_sent", "", "Logs") == 2);
  CHECK(place.calls("Logs", "OK") == 1);
  CHECK(value_of(*place.meter, "image_builder_log_sent_bytes_total") == 8);
  CHECK(value_of(*place.meter, "image_builder_subscriber_lag_bytes_count") == 2);
  wait_for([&] { return value_of(*place.meter, "image_builder_subscribers{stream=\"log\"}") == 0; });
}

TEST_CASE("a stream that ends with its only message counts both", "[rpc_meter]") {
  counted place;
  build_call call(place, "existing");
  call.next();
  CHECK(call.at_end());
  CHECK(call.finish().ok());
  CHECK(place.value("msg_sent", "", "Build") == 1);
  CHECK(place.calls("Build", "OK") == 1);
}

TEST_CASE("a call that is left or refused is counted with its code", "[rpc_meter]") {
  counted place;
  {
    log_call left(place);
    place.wait_until_parked();
    left.context.TryCancel();
    left.finish();
  }
  wait_for([&] { return place.calls("Logs", "Canceled") == 1; });
  log_call refused(place, "refused");
  CHECK(refused.rest().empty());
  refused.finish();
  CHECK(place.calls("Logs", "NotFound") == 1);
  CHECK(place.value("msg_sent", "", "Logs") == 0);
  CHECK(place.value("started", "", "Logs") == 2);
}

TEST_CASE("a method that is not served is counted as such", "[rpc_meter]") {
  counted place(false);
  grpc::ClientContext context;
  builder::ListBuildsResponse response;
  CHECK(place.stub->ListBuilds(&context, {}, &response).error_code() == grpc::StatusCode::UNIMPLEMENTED);
  CHECK(place.calls("ListBuilds", "Unimplemented") == 1);
  CHECK(place.value("msg_sent", "", "ListBuilds") == 0);
}

TEST_CASE("a call that the library answers by itself is counted", "[rpc_meter]") {
  counted place;
  auto health = [&](const std::string& what, const std::string& code = "") {
    return value_of(*place.meter, "grpc_server_" + what + "_total{" + code +
                                      "grpc_method=\"Check\",grpc_service=\"grpc.health.v1.Health\","
                                      "grpc_type=\"unary\"}");
  };
  CHECK(health("handled", "grpc_code=\"OK\",") == 0);
  place.server->set_serving(true);
  grpc::GenericStub stub(grpc::CreateChannel(place.server->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> end;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](const grpc::Status& status) { end.set_value(status); });
  CHECK(end.get_future().get().ok());
  wait_for([&] { return health("handled", "grpc_code=\"OK\",") == 1; });
  CHECK(health("started") == 1);
  CHECK(health("msg_received") == 1);
  CHECK(health("msg_sent") == 1);
}
