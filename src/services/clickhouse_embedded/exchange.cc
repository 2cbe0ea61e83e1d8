#include "services/clickhouse_embedded/exchange.h"

#include <algorithm>
#include <array>

namespace millrace::clickhouse_embedded {
namespace {

// Parameters that are the interface's own. session_id is taken and has no effect: each query has a connection to itself.
constexpr std::array kOwn{"query",
                          "database",
                          "default_format",
                          "user",
                          "password",
                          "query_id",
                          "session_id",
                          "session_timeout",
                          "session_check",
                          "close_session",
                          "quota_key",
                          "buffer_size",
                          "wait_end_of_query",
                          "stacktrace",
                          "client_protocol_version",
                          "compress",
                          "decompress",
                          "role"};

std::string from_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    uint32_t value;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<uint32_t>(c - 'a' + 26);
    else if (c >= '0' && c <= '9')
      value = static_cast<uint32_t>(c - '0' + 52);
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else
      break;
    bits = bits << 6 | value;
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  return out;
}

}  // namespace

// src/Server/HTTP/exceptionCodeToHTTPStatus.cpp of ClickHouse.
int http_status_of(int code) {
  switch (code) {
    case 194:
    case 516: return 401;
    case 192:
    case 193:
    case 497:
    case 164: return 403;
    case 46:
    case 60:
    case 81:
    case 16:
    case 113:
    case 50: return 404;
    case 159:
    case 209:
    case 160: return 408;
    case 62:
    case 26:
    case 27:
    case 38:
    case 41:
    case 43:
    case 53:
    case 69:
    case 6:
    case 130:
    case 131:
    case 47:
    case 117:
    case 33:
    case 115:
    case 42:
    case 73:
    case 216: return 400;
    case 48: return 501;
    case 202:
    case 252: return 503;
    default: return 500;
  }
}

std::string content_type_of(std::string_view format) {
  if (format == "JSON" || format == "JSONCompact" || format == "JSONStrings") return "application/json; charset=UTF-8";
  if (format.starts_with("JSON")) return "application/x-ndjson; charset=UTF-8";
  if (format.starts_with("TabSeparated") || format.starts_with("TSV")) return "text/tab-separated-values; charset=UTF-8";
  if (format.starts_with("CSV")) return "text/csv; charset=UTF-8; header=absent";
  if (format.starts_with("Pretty") || format == "Vertical" || format == "Values") return "text/plain; charset=UTF-8";
  return "application/octet-stream";
}

bool is_setting(const std::string& parameter) { return std::ranges::find(kOwn, parameter) == kOwn.end(); }

Settings settings_of(const RequestHead& head) {
  Settings settings;
  for (const auto& [name, value] : head.parameters)
    if (is_setting(name)) settings.emplace_back(name, value);
  return settings;
}

Status authenticate(const RequestHead& head, const Credentials& expected) {
  std::string user, password;
  if (const std::string basic = head.header("authorization"); head.headers.contains("x-clickhouse-user")) {
    user = head.header("x-clickhouse-user"), password = head.header("x-clickhouse-key");
  } else if (basic.starts_with("Basic ")) {
    const std::string pair = from_base64(std::string_view(basic).substr(6));
    const size_t colon = pair.find(':');
    user = pair.substr(0, colon);
    if (colon != pair.npos) password = pair.substr(colon + 1);
  } else {
    user = head.parameter("user", "default"), password = head.parameter("password");
  }
  if (user == expected.user && password == expected.password) return {};
  return permanent(
      "Code: 516. DB::Exception: " + user + ": Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)", 516);
}

std::string to_json(const Summary& s) {
  const auto field = [](const char* name, uint64_t value) { return std::string("\"") + name + "\":\"" + std::to_string(value) + "\""; };
  return "{" + field("read_rows", s.read_rows) + "," + field("read_bytes", s.read_bytes) + "," + field("written_rows", s.written_rows) + "," +
         field("written_bytes", s.written_bytes) + "," + field("total_rows_to_read", 0) + "," + field("result_rows", s.written_rows) + "," +
         field("result_bytes", s.written_bytes) + "," + field("elapsed_ns", s.elapsed_ns) + "}";
}

}  // namespace millrace::clickhouse_embedded
