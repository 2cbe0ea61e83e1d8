#include "clients/clickhouse/client.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "clients/clickhouse/rows.h"
#include "clients/http/client.h"

namespace millrace::clickhouse {
namespace {

constexpr size_t kAnswerBytesMax = 256 << 20;
constexpr std::chrono::milliseconds kGuard{2000};

// A limit that is met must be an error: a count that stops half-way would look like rows that are missing.
const Settings kExact{{"use_query_cache", "0"},           {"read_overflow_mode", "throw"},   {"read_overflow_mode_leaf", "throw"},
                      {"timeout_overflow_mode", "throw"}, {"result_overflow_mode", "throw"}, {"group_by_overflow_mode", "throw"}};

int exception_code(const http::Response& response) {
  int code = 0;
  if (const std::string* header = response.header("x-clickhouse-exception-code")) std::from_chars(header->data(), header->data() + header->size(), code);
  if (code == 0 && response.body.starts_with("Code: ")) std::from_chars(response.body.data() + 6, response.body.data() + response.body.size(), code);
  return code;
}

uint64_t written_rows(const http::Response& response) {
  const std::string* header = response.header("x-clickhouse-summary");
  if (!header) return 0;
  const auto summary = nlohmann::json::parse(*header, nullptr, false);
  if (!summary.is_object() || !summary.contains("written_rows")) return 0;
  const auto& value = summary["written_rows"];
  uint64_t rows = 0;
  if (value.is_number()) return value.get<uint64_t>();
  if (const auto* text = value.get_ptr<const std::string*>()) std::from_chars(text->data(), text->data() + text->size(), rows);
  return rows;
}

std::string seconds_of(std::chrono::milliseconds time) {
  const auto ms = std::max<int64_t>(time.count(), 100);
  const std::string rest = std::to_string(ms % 1000 + 1000).substr(1);
  return std::to_string(ms / 1000) + "." + rest;
}

// Fills libcurl's buffer from pieces, one after the other.
class PieceReader {
 public:
  explicit PieceReader(std::span<const std::string_view> pieces) : pieces_(pieces) {}
  size_t operator()(char* buffer, size_t size) {
    size_t filled = 0;
    while (filled < size && !pieces_.empty()) {
      const std::string_view rest = pieces_.front().substr(at_);
      const size_t n = std::min(size - filled, rest.size());
      std::memcpy(buffer + filled, rest.data(), n);
      filled += n;
      at_ += n;
      if (at_ == pieces_.front().size()) pieces_ = pieces_.subspan(1), at_ = 0;
    }
    return filled;
  }

 private:
  std::span<const std::string_view> pieces_;
  size_t at_ = 0;
};

}  // namespace

struct Client::Impl {
  Endpoint endpoint;
  http::Client http;

  Result<http::Response> send(std::string_view what, std::string_view query_in_url, std::string_view body, const Settings& parameters,
                              std::chrono::milliseconds deadline, http::BodySink sink = {}, std::span<const std::string_view> pieces = {}) {
    http::Request request;
    request.method = "POST";
    request.url = endpoint.url;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += "/?database=" + http::escape(endpoint.database);
    if (!query_in_url.empty()) request.url += "&query=" + http::escape(query_in_url);
    for (const auto& [name, value] : parameters) request.url += "&" + http::escape(name) + "=" + http::escape(value);
    request.headers = {{"X-ClickHouse-User", endpoint.user}, {"X-ClickHouse-Key", endpoint.password}, {"Expect", ""}};
    request.body = body;
    if (!pieces.empty()) {
      request.body_source = PieceReader(pieces);
      request.body_source_size = 0;
      for (const std::string_view piece : pieces) request.body_source_size += static_cast<int64_t>(piece.size());
    }
    request.body_sink = std::move(sink);
    request.deadline = deadline;
    request.connect_deadline = std::min(endpoint.connect_timeout, deadline);
    auto response = http.send(request);
    if (!response) {
      Error error = response.error();
      error.message = std::string(what) + " at " + endpoint.url + ": " + error.message;
      error.code = 0;
      return std::unexpected(std::move(error));
    }
    const int code = exception_code(*response);
    if (response->status == 200 && code == 0) return response;
    return std::unexpected(error_of(code, response->status, response->body, what));
  }

  // A read or a ping has no effect that could matter: what isn't known to be permanent may be asked again.
  static Error of_read(Error error) {
    if (error.retry == Retry::kUnknown) error.retry = Retry::kTransient;
    return error;
  }

  Result<std::string> one_value(std::string_view what, const std::string& sql) {
    Settings parameters = kExact;
    parameters.emplace_back("default_format", "TabSeparated");
    parameters.emplace_back("wait_end_of_query", "1");
    auto response = send(what, {}, sql, parameters, endpoint.query_timeout);
    if (!response) return std::unexpected(of_read(response.error()));
    std::string value = std::move(response->body);
    if (!value.ends_with('\n')) return transient(std::string(what) + ": the answer is not one line: '" + value.substr(0, 100) + "'");
    value.pop_back();
    return value;
  }

  Result<uint64_t> one_number(std::string_view what, const std::string& sql) {
    auto value = one_value(what, sql);
    if (!value) return std::unexpected(value.error());
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc() || end != value->data() + value->size() || value->empty())
      return transient(std::string(what) + ": '" + value->substr(0, 100) + "' is not a number");
    return number;
  }
};

Client::Client(Endpoint endpoint) : impl_(std::make_unique<Impl>(Impl{std::move(endpoint), {}})) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
const Endpoint& Client::endpoint() const { return impl_->endpoint; }

Result<InsertAck> Client::insert(const InsertRequest& request) {
  const std::string id = query_id(request.id);
  std::string query = "INSERT INTO " + quote_identifier(impl_->endpoint.database) + "." + quote_identifier(request.id.table) + " (";
  for (const std::string& column : request.columns) {
    MILLRACE_CHECK(column != "_landed_at", "naming _landed_at goes round the check of the deadline");
    query += (query.ends_with('(') ? "" : ", ") + quote_identifier(column);
  }
  query += ") /* " + id + " */ FORMAT Native";
  Settings parameters{{"query_id", id},
                      {"insert_deduplicate", "1"},
                      {"insert_deduplication_token", deduplication_token(request.id)},
                      {"async_insert", "0"},
                      {"min_insert_block_size_rows", "4000000000"},
                      {"min_insert_block_size_bytes", "0"},
                      {"insert_keeper_max_retries", "0"},
                      {"wait_end_of_query", "1"},
                      {"max_execution_time", seconds_of(request.time_left - std::chrono::milliseconds(500))}};
  parameters.insert(parameters.end(), request.settings.begin(), request.settings.end());
  // libcurl sends a request again by itself when a connection that it used before ends without an answer. The server may have been
  // killed between its deduplication log and the rename, and would acknowledge the second: rows lost. A new connection has no such retry.
  impl_->http.forget_connections();
  const auto start = std::chrono::steady_clock::now();
  auto response = impl_->send("insert into " + request.id.table, query, {}, parameters, request.time_left + kGuard, {}, request.block);
  if (!response) return std::unexpected(response.error());
  return InsertAck{written_rows(*response), std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start)};
}

Result<std::chrono::sys_time<std::chrono::milliseconds>> Client::server_time() {
  auto ms = impl_->one_number("the server's time", "SELECT toUnixTimestamp64Milli(now64(3))");
  if (!ms) return std::unexpected(ms.error());
  return std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(static_cast<int64_t>(*ms)));
}

Result<uint64_t> Client::inserts_under_way(PlanId plan) {
  // The name is put together by the server, so that this query doesn't find itself.
  const std::string name = "concat('millrace/', '" + to_string(plan.value) + "', '/')";
  return impl_->one_number("inserts under way",
                           "SELECT count() FROM system.processes WHERE position(query_id, " + name + ") > 0 OR position(query, " + name + ") > 0");
}

Result<uint64_t> Client::count_of_plan(std::string_view table, PlanId plan) {
  return impl_->one_number("count of a plan", "SELECT count() FROM " + quote_identifier(impl_->endpoint.database) + "." + quote_identifier(table) +
                                                  " WHERE _plan = " + uint128_literal(plan.value));
}

Result<std::string> Client::select(std::string_view sql, std::string_view format, const Settings& settings) {
  Settings all = settings;
  all.emplace_back("wait_end_of_query", "1");
  std::string body;
  bool too_large = false;
  auto status = select_stream(
      sql, format,
      [&](std::string_view piece) {
        too_large = body.size() + piece.size() > kAnswerBytesMax;
        if (!too_large) body.append(piece);
        return !too_large;
      },
      all);
  if (!status) return std::unexpected(status.error());
  if (too_large) return permanent("the answer is above 256 MB: ask for less, or use select_stream");
  return body;
}

Status Client::select_stream(std::string_view sql, std::string_view format, const std::function<bool(std::string_view)>& take, const Settings& settings) {
  Settings parameters = kExact;
  parameters.insert(parameters.end(), settings.begin(), settings.end());
  parameters.emplace_back("default_format", format);
  bool stopped = false;
  auto response = impl_->send("select", {}, sql, parameters, impl_->endpoint.query_timeout, [&](std::string_view piece) {
    if (!stopped) stopped = !take(piece);
    return !stopped;
  });
  if (response || stopped) return {};
  return std::unexpected(Impl::of_read(response.error()));
}

Status Client::execute(std::string_view sql, const Settings& settings) {
  Settings parameters = settings;
  parameters.emplace_back("wait_end_of_query", "1");
  auto response = impl_->send(sql.substr(0, 60), {}, sql, parameters, impl_->endpoint.query_timeout);
  if (!response) return std::unexpected(response.error());
  return {};
}

Status Client::ping() {
  auto one = impl_->one_number("ping", "SELECT 1");
  if (!one) return std::unexpected(one.error());
  return {};
}

}  // namespace millrace::clickhouse
