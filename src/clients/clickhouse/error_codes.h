#pragma once
// What a ClickHouse exception code means for the caller, and the sentence that says what to do about it.
// Codes: src/Common/ErrorCodes.cpp of ClickHouse.

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::clickhouse {

// What went wrong, as far as anybody would act differently on it.
enum class Trouble {
  kOther,
  kUnreachable,     // no answer, or the connection broke: code 0
  kTimeout,         // 159, 209, 210, 160
  kPastDeadline,    // 395: the term of the insert was over (throwIf of _landed_at)
  kTooManyParts,    // 252: make longer epochs
  kMissingTable,    // 60, 81: `millrace tables apply`
  kWrongColumns,    // 16, 47, 53, 10, 8, 117, 6 …: the table isn't the schema's: `millrace tables plan`
  kAuthentication,  // 516, 192, 193, 194, 497
  kQuota,           // 201
  kMemory,          // 241, 173
  kDisk,            // 243, and 1001/76/75 … with "No space left on device"
  kReadOnly,        // 164, 242: table or server is read-only
  kBusy,            // 202, 203, 216, 473, 425: too many queries, this id is already running, a lock
  kKeeper,          // 999, 319 (unknown status of insert), 225, 285, 286
};

Trouble trouble_of(int code, std::string_view message = {});
inline Trouble trouble_of(const Error& error) { return trouble_of(error.code, error.message); }
const char* name(Trouble trouble);  // "too_many_parts": stable, for metrics

// Whether it is the server that can't, where another replica of it may: no Keeper, a table that is read-only for that, no disk, too many queries.
bool server_is_ill(int code, std::string_view message = {});

// The typed error of an answer. `code` 0 means that there was no exception code (the HTTP status alone refused it).
// The message becomes: "<what>: <first line of the server's message>: <what to do>".
Error error_of(int code, int http_status, std::string_view server_message, std::string_view what);

}  // namespace millrace::clickhouse
