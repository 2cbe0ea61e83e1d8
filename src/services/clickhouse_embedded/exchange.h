#pragma once
// ClickHouse's conventions over HTTP (docs: interfaces/http): status for an exception code, headers of an answer, which of the
// URL's parameters are settings, and who the caller is.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/clickhouse_embedded/http_connection.h"
#include "services/clickhouse_embedded/pool.h"

namespace millrace::clickhouse_embedded {

struct Credentials {
  std::string user = "default", password;
};

int http_status_of(int exception_code);
std::string content_type_of(std::string_view format);
bool is_setting(const std::string& parameter);  // not one that only the HTTP interface knows (query, database, …)
Settings settings_of(const RequestHead& head);
// X-ClickHouse-User and -Key, Basic, or user and password of the URL, in this order. Error 516 unless they are `expected`.
Status authenticate(const RequestHead& head, const Credentials& expected);

struct Summary {
  uint64_t read_rows = 0, read_bytes = 0, written_rows = 0, written_bytes = 0, elapsed_ns = 0;
};
std::string to_json(const Summary& summary);  // X-ClickHouse-Summary: numbers as strings

}  // namespace millrace::clickhouse_embedded
