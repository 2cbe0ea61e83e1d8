#include "clients/grpc/status.h"

#include <grpcpp/support/status.h>

namespace millrace::rpc {

::grpc::Status status_of(const Error& error) {
  return {error.retry == Retry::kPermanent ? ::grpc::StatusCode::FAILED_PRECONDITION : ::grpc::StatusCode::UNAVAILABLE, error.message};
}
::grpc::Status invalid_argument(std::string_view what) { return {::grpc::StatusCode::INVALID_ARGUMENT, std::string(what)}; }
::grpc::Status not_found(std::string_view what) { return {::grpc::StatusCode::NOT_FOUND, std::string(what)}; }

Error error_of(const ::grpc::Status& status, std::string_view what) {
  Error error{Retry::kPermanent, status.error_code(), std::string(what) + ": " + status.error_message()};
  switch (status.error_code()) {
    case ::grpc::StatusCode::UNAVAILABLE:
    case ::grpc::StatusCode::RESOURCE_EXHAUSTED:
    case ::grpc::StatusCode::ABORTED: error.retry = Retry::kTransient; break;
    case ::grpc::StatusCode::DEADLINE_EXCEEDED: error.message = std::string(what) + ": no answer in time"; [[fallthrough]];
    case ::grpc::StatusCode::CANCELLED:
    case ::grpc::StatusCode::UNKNOWN:
    case ::grpc::StatusCode::INTERNAL: error.retry = Retry::kUnknown; break;
    default: break;
  }
  return error;
}

bool is_invalid_argument(const Error& error) { return error.code == ::grpc::StatusCode::INVALID_ARGUMENT; }

}  // namespace millrace::rpc
