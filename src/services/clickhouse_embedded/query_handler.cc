#include "services/clickhouse_embedded/query_handler.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "base/ids.h"
#include "services/clickhouse_embedded/statement.h"

namespace millrace::clickhouse_embedded {
namespace {

constexpr size_t kQueryBytesMax = 64 << 20;       // a query in the body
constexpr size_t kStatementBytesMax = 256 << 10;  // an INSERT whose data follows it in the body

using Body = HttpConnection::Body;
using compression::ContentCoding;

std::string new_query_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return to_string(
      make_uuid_v7(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(), random(), random()));
}

Error refusal(int code, std::string text) { return {Retry::kPermanent, code, "Code: " + std::to_string(code) + ". DB::Exception: " + text}; }

// The engine takes no query id from outside: system.processes shows it in the query's text.
std::string labelled(const std::string& id, std::string_view text) {
  std::string out = "/* query_id: ";
  for (const char c : id) out += c == '*' ? '_' : c;
  return (out += " */ ").append(text);
}

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
}

// The engine gives a stream block by block, each formatted by itself: fine where pieces make a whole, two documents where they don't.
bool concatenates(std::string_view format) {
  static constexpr std::string_view kFormats[] = {
      "TabSeparated",       "TSV",       "TabSeparatedRaw", "TSVRaw", "LineAsString", "CSV", "JSONEachRow", "JSONLines", "NDJSON", "JSONCompactEachRow",
      "JSONStringsEachRow", "RowBinary", "Native"};
  return std::ranges::find(kFormats, format) != std::end(kFormats);
}

}  // namespace

Counts::Counts(metrics::Registry& registry)
    : queries(registry.counter("millrace_clickhouse_queries_total")),
      inserts(registry.counter("millrace_clickhouse_inserts_total")),
      rows_written(registry.counter("millrace_clickhouse_rows_written_total")),
      failed(registry.counter("millrace_clickhouse_failed_total")),
      cut_short(registry.counter("millrace_clickhouse_bodies_cut_short_total")) {}

void QueryHandler::fail(HttpConnection& connection, const std::string& query_id, const Error& error) {
  counts_.failed.add();
  Headers headers{{"Content-Type", "text/plain; charset=UTF-8"}, {"X-ClickHouse-Exception-Code", std::to_string(error.code)}};
  if (!query_id.empty()) headers.emplace_back("X-ClickHouse-Query-Id", query_id);
  if (error.code == 516) headers.emplace_back("WWW-Authenticate", "Basic realm=\"ClickHouse\"");
  connection.respond(http_status_of(error.code), headers, error.message + "\n");
}

Headers QueryHandler::headers_of(const Query& query, const Summary& summary) const {
  Headers headers{{"Content-Type", content_type_of(query.format)},
                  {"X-ClickHouse-Query-Id", query.id},
                  {"X-ClickHouse-Format", query.format},
                  {"X-ClickHouse-Timezone", "UTC"},
                  {"X-ClickHouse-Server-Display-Name", "clickhouse-embedded"},
                  {"X-ClickHouse-Summary", to_json(summary)}};
  if (query.answer_coding != ContentCoding::kNone) headers.emplace_back("Content-Encoding", compression::name(query.answer_coding));
  return headers;
}

void QueryHandler::handle(HttpConnection& connection, const RequestHead& head) {
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (!reads && head.method != "POST" && head.method != "PUT") {
    connection.respond(501, {}, "GET, HEAD, POST or PUT\n");
  } else if (head.path == "/ping" || (head.path == "/" && reads && !head.parameters.contains("query")) || head.path == "/replicas_status") {
    connection.respond(200, {{"Content-Type", "text/html; charset=UTF-8"}}, "Ok.\n");
  } else if (head.path != "/") {
    connection.respond(404, {{"X-ClickHouse-Exception-Code", "36"}}, "There is no handle " + head.path + ": use / or /ping\n");
  } else {
    run(connection, head);
  }
}

void QueryHandler::run(HttpConnection& connection, const RequestHead& head) {
  counts_.queries.add();
  Query query{head.parameter("query_id"), head.parameter("query"), {},
              head.parameter("database"), settings_of(head),       head.parameter("wait_end_of_query") == "1"};
  if (query.id.empty()) query.id = new_query_id();
  if (query.database.empty()) query.database = head.header("x-clickhouse-database");
  if (query.database.empty()) query.database = "default";
  if (auto known = authenticate(head, credentials_); !known) return fail(connection, query.id, known.error());
  const std::string coding = head.header("content-encoding");
  const auto known_coding = coding.empty() ? ContentCoding::kNone : compression::parse_content_coding(coding);
  if (!known_coding)
    return fail(connection, query.id, refusal(48, "Content-Encoding " + coding + ": gzip, deflate, lz4 and zstd are taken. (NOT_IMPLEMENTED)"));
  if (head.parameter("decompress") == "1" || head.parameter("compress") == "1")
    return fail(
        connection, query.id,
        refusal(48, "compress and decompress, ClickHouse's own blocks, are not taken here: use Content-Encoding and Accept-Encoding. (NOT_IMPLEMENTED)"));
  if (head.parameter("enable_http_compression") == "1") query.answer_coding = compression::choose_content_coding(head.header("accept-encoding"));
  RequestBody body(connection, *known_coding);

  Statement statement = parse_statement(query.text);
  if (statement.kind != Statement::Kind::kInsertData) {
    if (!query.text.empty()) query.text += '\n';
    Body got = body.read_some(query.text, kStatementBytesMax);
    statement = parse_statement(query.text);
    // The rest of an INSERT's data is given to the engine as it comes; any other statement is there as a whole before it runs.
    if (got == Body::kPiece && (statement.kind != Statement::Kind::kInsertData || statement.format.empty())) {
      got = body.read_some(query.text, kQueryBytesMax);
      statement = parse_statement(query.text);
      if (got == Body::kPiece) return fail(connection, query.id, refusal(307, "the query is longer than 64 MiB"));
    }
    if (got == Body::kCutShort) {
      counts_.cut_short.add();
      return fail(connection, query.id, refusal(33, body.why() + ". (CANNOT_READ_ALL_DATA)"));
    }
  }
  const std::string asked = head.header("x-clickhouse-format");
  query.format = !statement.format.empty() ? std::string(statement.format) : head.parameter("default_format", asked.empty() ? "TabSeparated" : asked);
  if ((head.method == "GET" || head.method == "HEAD") && statement.kind != Statement::Kind::kRead)
    return fail(connection, query.id, refusal(164, "Cannot execute query in readonly mode: use POST. (READONLY)"));
  {
    const std::lock_guard lock(mutex_);
    if (!running_.insert(query.id).second)
      return fail(connection, query.id, refusal(216, "Query with id = " + query.id + " is already running. (QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)"));
  }
  if (statement.kind == Statement::Kind::kInsertData) {
    insert(connection, body, query, statement);
  } else if (statement.streams && !query.whole && concatenates(query.format)) {
    answer_in_pieces(connection, query);
  } else {
    answer_whole(connection, query);
  }
  const std::lock_guard lock(mutex_);
  running_.erase(query.id);
}

void QueryHandler::insert(HttpConnection& connection, RequestBody& body, const Query& query, const Statement& statement) {
  counts_.inserts.add();
  // The engine looks at its clock between blocks: a body that stalls would hold the insert, and its place in system.processes, for ever.
  for (const auto& [name, value] : query.settings)
    if (const double seconds = name == "max_execution_time" ? std::atof(value.c_str()) : 0; seconds > 0)
      connection.body_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
  const auto start = std::chrono::steady_clock::now();
  auto lease = pool_.take();
  if (!lease) return fail(connection, query.id, lease.error());
  if (auto ready = lease->use(query.database, query.settings); !ready) return fail(connection, query.id, ready.error());
  Result<chdb::Written> written;
  {
    auto stream = (*lease)->insert(labelled(query.id, statement.text), statement.format.empty() ? "Values" : statement.format);
    Status status;
    if (!stream) status = std::unexpected(stream.error());
    if (status) status = stream->append(statement.data);
    std::string_view piece;
    Body got = Body::kEnd;
    while (status && (got = body.read(piece)) == Body::kPiece) status = stream->append(piece);
    if (status && got == Body::kCutShort) {
      counts_.cut_short.add();
      status = std::unexpected(connection.late()
                                   ? refusal(159, "Timeout exceeded: the body wasn't whole within max_execution_time: nothing was inserted. (TIMEOUT_EXCEEDED)")
                                   : refusal(33, body.why() + ": nothing was inserted. (CANNOT_READ_ALL_DATA)"));
    }
    if (status)
      written = stream->finish();
    else
      written = std::unexpected(status.error());
  }  // not finished: cancelled here, before the connection is used again
  if (!written) {
    lease->discard();
    return fail(connection, query.id, written.error());
  }
  counts_.rows_written.add(static_cast<double>(written->rows));
  Query answer = query;
  answer.format = "TabSeparated", answer.answer_coding = ContentCoding::kNone;
  connection.respond(200, headers_of(answer, {0, 0, written->rows, written->bytes, nanoseconds_since(start)}), {});
}

void QueryHandler::answer_whole(HttpConnection& connection, const Query& query) {
  const auto start = std::chrono::steady_clock::now();
  Result<chdb::Answer> answer;
  {
    auto lease = pool_.take();
    if (!lease) return fail(connection, query.id, lease.error());
    if (auto ready = lease->use(query.database, query.settings); !ready) return fail(connection, query.id, ready.error());
    answer = (*lease)->query(labelled(query.id, query.text), query.format);
    if (!answer) lease->discard();
  }
  if (!answer) return fail(connection, query.id, answer.error());
  std::string coded;
  if (query.answer_coding != ContentCoding::kNone) {
    compression::Encoder encoder(query.answer_coding);
    encoder.append(answer->body, coded);
    encoder.finish(coded);
  }
  connection.respond(200, headers_of(query, {answer->rows_read, answer->bytes_read, 0, 0, nanoseconds_since(start)}),
                     query.answer_coding == ContentCoding::kNone ? answer->body : coded);
}

void QueryHandler::answer_in_pieces(HttpConnection& connection, const Query& query) {
  auto lease = pool_.take();
  if (!lease) return fail(connection, query.id, lease.error());
  if (auto ready = lease->use(query.database, query.settings); !ready) return fail(connection, query.id, ready.error());
  bool begun = false;
  bool there = true;
  const auto begin = [&] { return std::exchange(begun, true) || connection.begin_chunks(200, headers_of(query, {})); };
  compression::Encoder encoder(query.answer_coding);
  std::string coded;
  const auto send = [&](std::string_view piece) {
    if (query.answer_coding == ContentCoding::kNone) return begin() && connection.chunk(piece);
    coded.clear();
    encoder.append(piece, coded);
    encoder.flush(coded);  // a stream's reader may wait for this piece
    return begin() && connection.chunk(coded);
  };
  const auto status = (*lease)->stream(labelled(query.id, query.text), query.format, [&](std::string_view piece) { return there = send(piece); });
  if (!status || !there) lease->discard();
  if (!status && !begun) return fail(connection, query.id, status.error());
  if (!status) {
    counts_.failed.add();
    return connection.break_off();  // without the last chunk: the client sees that the answer isn't whole
  }
  coded.clear();
  encoder.finish(coded);
  if (there && begin() && connection.chunk(coded)) connection.end_chunks();
}

}  // namespace millrace::clickhouse_embedded
