#pragma once
// Errors of the environment. Bad data is a Rejection (a value, see rejection.h); a bug of ours is a MILLRACE_CHECK.

#include <expected>
#include <string>
#include <utility>

namespace millrace {

enum class Retry {
  kTransient,  // the same call may succeed later: back off and call again
  kPermanent,  // it will not, until somebody changes something: the message says what
  kUnknown,    // it may have had its effect: find out before calling again
};

struct Error {
  Retry retry = Retry::kPermanent;
  int code = 0;         // of the system that answered (ClickHouse exception code, HTTP status, Kafka error), 0 if none
  std::string message;  // what was wrong, where, and what to do about it
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> permanent(std::string message, int code = 0) { return std::unexpected(Error{Retry::kPermanent, code, std::move(message)}); }
inline std::unexpected<Error> transient(std::string message, int code = 0) { return std::unexpected(Error{Retry::kTransient, code, std::move(message)}); }
inline std::unexpected<Error> unknown_outcome(std::string message, int code = 0) { return std::unexpected(Error{Retry::kUnknown, code, std::move(message)}); }

[[noreturn]] void check_failed(const char* expression, const char* file, int line, const std::string& why);

}  // namespace millrace

// Ends the process when our own code is wrong: exactly-once covers a crash, it does not cover going on.
#define MILLRACE_CHECK(expression, why) ((expression) ? void() : ::millrace::check_failed(#expression, __FILE__, __LINE__, why))
