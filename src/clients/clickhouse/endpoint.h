#pragma once
// A ClickHouse server's HTTP interface, and how it is talked to.

#include <chrono>
#include <string>

#include "clients/compression/content_coding.h"

namespace millrace::clickhouse {

struct Endpoint {
  std::string url;  // http://127.0.0.1:8123
  std::string user = "default";
  std::string password;
  std::string database = "default";
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds query_timeout{30000};                              // selects and statements; an insert has its own
  compression::ContentCoding compression = compression::ContentCoding::kNone;  // of inserts' bodies
};

}  // namespace millrace::clickhouse
