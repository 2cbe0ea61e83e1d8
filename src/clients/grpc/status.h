#pragma once
// gRPC's status codes and our errors, one for the other.

#include <string_view>

#include "base/result.h"

namespace grpc {
class Status;
}

namespace millrace::rpc {

// A server's answer to a call that met this error: kTransient and kUnknown are UNAVAILABLE, kPermanent FAILED_PRECONDITION.
::grpc::Status status_of(const Error& error);
::grpc::Status invalid_argument(std::string_view what);
::grpc::Status not_found(std::string_view what);

// What a failed call means to its caller; `what` says which call to whom. kTransient: the server refused it, or never saw it; kUnknown: it
// may have had its effect (a deadline, a connection that broke); code is gRPC's.
Error error_of(const ::grpc::Status& status, std::string_view what);
// The server says that the request itself is wrong: it would be at any time.
bool is_invalid_argument(const Error& error);

}  // namespace millrace::rpc
