#include "gateway/grpc_status.hpp"

#include <catch2/catch.hpp>

using namespace ib;

TEST_CASE("each kind of error has its gRPC code", "[status]") {
  struct row {
    error_code code;
    grpc::StatusCode status;
  };
  auto [code, status] = GENERATE(row{error_code::invalid_argument, grpc::StatusCode::INVALID_ARGUMENT},
                                 row{error_code::not_found, grpc::StatusCode::NOT_FOUND},
                                 row{error_code::unauthenticated, grpc::StatusCode::UNAUTHENTICATED},
                                 row{error_code::permission_denied, grpc::StatusCode::PERMISSION_DENIED},
                                 row{error_code::unavailable, grpc::StatusCode::UNAVAILABLE},
                                 row{error_code::too_many_requests, grpc::StatusCode::UNAVAILABLE},
                                 row{error_code::deadline_exceeded, grpc::StatusCode::UNAVAILABLE},
                                 row{error_code::resource_exhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
                                 row{error_code::cancelled, grpc::StatusCode::CANCELLED},
                                 row{error_code::failed_precondition, grpc::StatusCode::FAILED_PRECONDITION},
                                 row{error_code::out_of_range, grpc::StatusCode::OUT_OF_RANGE},
                                 row{error_code::data_corrupt, grpc::StatusCode::INTERNAL},
                                 row{error_code::internal, grpc::StatusCode::INTERNAL});
  auto answer = to_status({code, "the words", "", {}});
  CHECK(answer.error_code() == status);
  CHECK(answer.error_message() == "the words");
}

TEST_CASE("a blamed field leads the message unless the message names it", "[status]") {
  CHECK(to_status(bad_field("source", "build source is missing")).error_message() ==
        "build source is missing");
  CHECK(to_status(bad_field("auth.additional", "is too long")).error_message() ==
        "auth.additional: is too long");
}

TEST_CASE("a stopping service asks its callers to call again", "[status]") {
  CHECK(stopping_status().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(stopping_status().error_message().find("call again") != std::string::npos);
}
