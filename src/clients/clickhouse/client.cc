#include "clients/clickhouse/client.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "clients/clickhouse/rows.h"
#include "clients/http/client.h"

namespace millrace::clickhouse {
namespace {

constexpr size_t kAnswerBytesMax = 256 << 20;
constexpr std::chrono::milliseconds kGuard{2000};
constexpr std::chrono::milliseconds kProbe{2000};  // to find out whether a server that was out is back
constexpr int kSyncSeconds = 3;

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
  std::shared_ptr<EndpointGroup> group{};  // none: endpoint.url alone
  http::Client http{};
  http::Client probing{};  // of its own: what it leaves open is never used for an insert
  std::optional<compression::Encoder> encoder{};
  std::string encoded{};
  bool taker_stopped = false;                   // the last select ended because its taker had enough
  std::map<std::string, uint64_t> held_back{};  // by server, as it last said: they count from their start on

  struct Call {
    std::string_view what, query_in_url, body;
    const Settings& parameters;
    std::chrono::milliseconds deadline;
    http::BodySink sink{};
    std::span<const std::string_view> pieces{};  // instead of `body`
    const char* content_encoding = "";
  };

  Result<http::Response> send(const Call& call) {
    if (!group) return send_to(endpoint.url, call, http).first;
    const auto pick = group->pick();
    if (!pick) return std::unexpected(Error{pick.error().retry, 0, std::string(call.what) + " at " + pick.error().message});
    const std::string& url = group->url(pick->index);
    if (pick->probe) {
      static const Settings kNothing;
      auto [alive, ill] = send_to(url, {"is it back", {}, "SELECT 1", kNothing, kProbe}, probing);
      if (ill) {
        group->failed(*pick, alive.error().message);
        return std::unexpected(Error{Retry::kTransient, 0, alive.error().message});
      }
    }
    taker_stopped = false;
    auto [response, ill] = send_to(url, call, http);
    if (ill && !taker_stopped)
      group->failed(*pick, response.error().message);
    else
      group->answered(*pick);
    return std::move(response);
  }

  // And whether the server is ill: another replica may do better.
  std::pair<Result<http::Response>, bool> send_to(const std::string& url, const Call& call, http::Client& connection) {
    http::Request request;
    request.method = "POST";
    request.url = url;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += "/?database=" + http::escape(endpoint.database);
    if (!call.query_in_url.empty()) request.url += "&query=" + http::escape(call.query_in_url);
    for (const auto& [name, value] : call.parameters) request.url += "&" + http::escape(name) + "=" + http::escape(value);
    request.headers = {{"X-ClickHouse-User", endpoint.user}, {"X-ClickHouse-Key", endpoint.password}, {"Expect", ""}};
    if (*call.content_encoding) request.headers.emplace_back("Content-Encoding", call.content_encoding);
    request.body = call.body;
    if (!call.pieces.empty()) {
      request.body_source = PieceReader(call.pieces);
      request.body_source_size = 0;
      for (const std::string_view piece : call.pieces) request.body_source_size += static_cast<int64_t>(piece.size());
    }
    request.body_sink = call.sink;
    request.deadline = call.deadline;
    request.connect_deadline = std::min(endpoint.connect_timeout, call.deadline);
    auto response = connection.send(request);
    if (!response) {
      Error error = response.error();
      error.message = std::string(call.what) + " at " + url + ": " + error.message;
      error.code = 0;
      return {std::unexpected(std::move(error)), true};
    }
    const int code = exception_code(*response);
    if (response->status == 200 && code == 0) return {std::move(*response), false};
    Error error = error_of(code, response->status, response->body, call.what);
    const bool ill = code == 0 ? response->status >= 500 : server_is_ill(code, response->body);
    return {std::unexpected(std::move(error)), ill};
  }

  // The pieces are encoded before anything is sent: the length is declared, and a body that ends before it is no whole one.
  Result<http::Response> send_insert(Call call) {
    if (endpoint.compression == compression::ContentCoding::kNone) return send(call);
    if (!encoder) encoder.emplace(endpoint.compression);
    encoded.clear();
    for (const std::string_view piece : call.pieces) encoder->append(piece, encoded);
    encoder->finish(encoded);
    call.pieces = {};
    call.body = encoded;
    call.content_encoding = compression::name(endpoint.compression);
    return send(call);
  }

  std::string qualified(std::string_view table) const { return quote_identifier(endpoint.database) + "." + quote_identifier(table); }

  // A read or a ping has no effect that could matter: what isn't known to be permanent may be asked again.
  static Error of_read(Error error) {
    if (error.retry == Retry::kUnknown) error.retry = Retry::kTransient;
    return error;
  }

  static Settings of_value(const Settings& more) {
    Settings parameters = kExact;
    parameters.emplace_back("default_format", "TabSeparated");
    parameters.emplace_back("wait_end_of_query", "1");
    parameters.insert(parameters.end(), more.begin(), more.end());
    return parameters;
  }
  Result<std::string> one_value(std::string_view what, const std::string& sql, const Settings& more = {}) {
    const Settings parameters = of_value(more);
    return value_of(what, send({what, {}, sql, parameters, endpoint.query_timeout}));
  }
  static Result<std::string> value_of(std::string_view what, Result<http::Response> response) {
    if (!response) return std::unexpected(of_read(response.error()));
    std::string value = std::move(response->body);
    if (!value.ends_with('\n')) return transient(std::string(what) + ": the answer is not one line: '" + value.substr(0, 100) + "'");
    value.pop_back();
    return value;
  }

  Result<uint64_t> one_number(std::string_view what, const std::string& sql, const Settings& more = {}) { return number_of(what, one_value(what, sql, more)); }
  // Of one replica, whichever is in use.
  Result<uint64_t> one_number_at(size_t index, std::string_view what, const std::string& sql) {
    const Settings parameters = of_value({});
    return number_of(what, value_of(what, send_to(group->url(index), {what, {}, sql, parameters, endpoint.query_timeout}, http).first));
  }
  static Result<uint64_t> number_of(std::string_view what, const Result<std::string>& value) {
    if (!value) return std::unexpected(value.error());
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc() || end != value->data() + value->size() || value->empty())
      return transient(std::string(what) + ": '" + value->substr(0, 100) + "' is not a number");
    return number;
  }
};

Client::Client(Endpoint endpoint) : impl_(std::make_unique<Impl>(Impl{std::move(endpoint)})) {}
Client::Client(std::shared_ptr<EndpointGroup> replicas) : impl_(std::make_unique<Impl>(Impl{replicas->like(), replicas})) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
const Endpoint& Client::endpoint() const { return impl_->endpoint; }

Result<InsertAck> Client::insert(const InsertRequest& request) {
  const std::string id = query_id(request.id);
  std::string query = "INSERT INTO " + impl_->qualified(request.id.table) + " (";
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
  auto response = impl_->send_insert({"insert into " + request.id.table, query, {}, parameters, request.time_left + kGuard, {}, request.block});
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
  const std::string sql = "SELECT count() FROM system.processes WHERE position(query_id, " + name + ") > 0 OR position(query, " + name + ") > 0";
  constexpr const char* kWhat = "inserts under way";
  EndpointGroup* group = impl_->group.get();
  if (group == nullptr || group->size() == 1) return impl_->one_number(kWhat, sql);
  uint64_t all = 0;
  for (size_t i = 0; i < group->size(); ++i) {
    const auto inserts = impl_->one_number_at(i, kWhat, sql);
    if (inserts) {
      group->heard(i);
      all += *inserts;
      continue;
    }
    group->unheard(i);
    if (group->unheard_for(i) < kMayStillInsert)
      return transient(inserts.error().message + ": an insert of the plan may still be under way there; it is waited for, " +
                       std::to_string(kMayStillInsert.count()) + " minutes at most");
  }
  return all;
}

Result<uint64_t> Client::count_of_plan(std::string_view table, PlanId plan, Replicated replicated) {
  return impl_->one_number("count of a plan", "SELECT count() FROM " + impl_->qualified(table) + " WHERE _plan = " + uint128_literal(plan.value),
                           replicated == Replicated::kYes ? Settings{{"select_sequential_consistency", "1"}} : Settings{});
}

Result<bool> Client::inserts_held_back() {
  const auto answer =
      impl_->one_value("inserts held back", "SELECT concat(hostName(), ' ', toString(sum(value))) FROM system.events WHERE event = 'DelayedInserts'");
  if (!answer) return std::unexpected(answer.error());
  const size_t blank = answer->rfind(' ');
  uint64_t count = 0;
  std::from_chars(answer->data() + blank + 1, answer->data() + answer->size(), count);
  const auto [at, first] = impl_->held_back.try_emplace(answer->substr(0, blank), count);
  return !first && std::exchange(at->second, count) < count;
}

Result<Replicated> Client::replicated(std::string_view table) {
  const auto number = impl_->one_number("whether the table is replicated",
                                        "SELECT countIf(engine LIKE 'Replicated%' OR engine LIKE 'Shared%') FROM system.tables WHERE database = " +
                                            quote_string(impl_->endpoint.database) + " AND name = " + quote_string(table));
  if (!number) return std::unexpected(number.error());
  return *number > 0 ? Replicated::kYes : Replicated::kNo;
}

Status Client::sync_replica(std::string_view table) {
  auto done = execute("SYSTEM SYNC REPLICA " + impl_->qualified(table) + " LIGHTWEIGHT", {{"receive_timeout", std::to_string(kSyncSeconds)}});
  if (!done) return std::unexpected(Impl::of_read(done.error()));
  return {};
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
  auto response = impl_->send({"select", {}, sql, parameters, impl_->endpoint.query_timeout, [&](std::string_view piece) {
                                 if (!stopped) stopped = impl_->taker_stopped = !take(piece);
                                 return !stopped;
                               }});
  if (response || stopped) return {};
  return std::unexpected(Impl::of_read(response.error()));
}

Status Client::execute(std::string_view sql, const Settings& settings) {
  Settings parameters = settings;
  parameters.emplace_back("wait_end_of_query", "1");
  auto response = impl_->send({sql.substr(0, 60), {}, sql, parameters, impl_->endpoint.query_timeout});
  if (!response) return std::unexpected(response.error());
  return {};
}

Status Client::ping() {
  auto one = impl_->one_number("ping", "SELECT 1");
  if (!one) return std::unexpected(one.error());
  return {};
}

}  // namespace millrace::clickhouse
