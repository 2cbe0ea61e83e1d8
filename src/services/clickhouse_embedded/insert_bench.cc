// Inserts of one Native block of eight columns, straight into the engine and through the HTTP front, in each content coding (client, front
// and engine in this one process): CPU of the process for a row, and what a row takes on the wire. `clickhouse_embedded_bench --benchmark_min_time=2`.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>

#include "base/scratch_directory.h"
#include "clients/chdb/engine.h"
#include "clients/compression/content_coding.h"
#include "services/clickhouse_embedded/server.h"

namespace millrace::clickhouse_embedded {
namespace {

constexpr const char* kInsert =
    "INSERT INTO bench (_plan, _partition, _offset, tenant, event_time, url, duration, _deadline) SETTINGS async_insert=0, "
    "insert_deduplicate=1, min_insert_block_size_rows=4000000000, min_insert_block_size_bytes=0, insert_deduplication_token='";

struct Fixture {
  std::unique_ptr<chdb::Engine> engine;
  ScratchDirectory directory;
  std::atomic<uint64_t> token{0};

  Fixture() {
    auto opened = chdb::Engine::open({.library = {}, .data = directory.path(), .arguments = {}});
    if (!opened) std::abort();
    engine = std::move(*opened);
    auto made =
        (*engine->connect())
            ->query(
                "CREATE TABLE bench (_plan UInt128, _partition Int32, _offset Int64, tenant LowCardinality(String), event_time DateTime64(3), url String, "
                "duration Int64, _deadline DateTime EPHEMERAL, _landed_at DateTime DEFAULT if(throwIf(nowInBlock() > _deadline) = 0, nowInBlock(), "
                "nowInBlock()), INDEX p _plan TYPE minmax GRANULARITY 1) ENGINE = MergeTree ORDER BY (tenant, event_time) "
                "SETTINGS non_replicated_deduplication_window = 1000",
                "Null");
    if (!made) std::abort();
  }
  std::string block(int64_t rows) {
    auto bytes =
        (*engine->connect())
            ->query(
                "SELECT toUInt128(7) AS _plan, toInt32(3) AS _partition, toInt64(number) AS _offset, toLowCardinality(concat('tenant-', toString(number % "
                "50))) AS "
                "tenant, toDateTime64(1790000000 + number / 1000, 3) AS event_time, concat('https://shop.example/p/', toString(cityHash64(number))) AS url, "
                "toInt64(cityHash64(number) % 100000) AS duration, now() + 100000 AS _deadline FROM numbers(" +
                    std::to_string(rows) + ") SETTINGS max_threads = 1, max_block_size = 10000000",
                "Native");
    if (!bytes) std::abort();
    return std::move(bytes->body);
  }
  static Fixture& get() {
    static auto* fixture = new Fixture;  // the engine can't be opened twice
    return *fixture;
  }
};

void BM_InsertInProcess(benchmark::State& state) {
  Fixture& fixture = Fixture::get();
  const std::string block = fixture.block(state.range(0));
  auto connection = fixture.engine->connect();
  for (auto _ : state) {
    auto stream = (*connection)->insert(kInsert + std::to_string(++fixture.token) + "'", "Native");
    if (!stream || !stream->append(block) || !stream->finish()) state.SkipWithError("insert");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["cpu_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_InsertInProcess)->Arg(5000)->Arg(100000)->MeasureProcessCPUTime();

void BM_InsertOverHttp(benchmark::State& state) {
  Fixture& fixture = Fixture::get();
  const std::string block = fixture.block(state.range(0));
  Pool pool(*fixture.engine, 4);
  QueryHandler handler(pool, {});
  Server server({}, handler);
  if (!server.start()) state.SkipWithError("no port");
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) state.SkipWithError("connect");
  const auto coding = static_cast<compression::ContentCoding>(state.range(1));
  compression::Encoder encoder(coding);
  std::string query, coded;
  for (auto _ : state) {
    query.clear(), coded.clear();
    encoder.append(block, coded), encoder.finish(coded);
    for (const char c : kInsert + std::to_string(++fixture.token) + "' FORMAT Native") query += c == ' ' ? std::string("%20") : std::string(1, c);
    const std::string head = "POST /?query=" + query + " HTTP/1.1\r\nHost: x\r\n" +
                             (coding == compression::ContentCoding::kNone ? "" : "Content-Encoding: " + std::string(compression::name(coding)) + "\r\n") +
                             "Content-Length: " + std::to_string(coded.size()) + "\r\n\r\n";
    for (std::string_view all : {std::string_view(head), std::string_view(coded)})
      while (!all.empty()) {
        const ssize_t sent = send(fd, all.data(), all.size(), MSG_NOSIGNAL);
        if (sent <= 0) std::abort();
        all.remove_prefix(static_cast<size_t>(sent));
      }
    char answer[4096];
    const ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 15 || std::string_view(answer, 15) != "HTTP/1.1 200 OK") state.SkipWithError("not 200");
  }
  close(fd);
  state.SetLabel(compression::name(coding));
  state.counters["bytes_per_row"] = static_cast<double>(coded.size()) / static_cast<double>(state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["cpu_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_InsertOverHttp)
    ->ArgsProduct({{5000, 100000},
                   {static_cast<int64_t>(compression::ContentCoding::kNone), static_cast<int64_t>(compression::ContentCoding::kLz4),
                    static_cast<int64_t>(compression::ContentCoding::kZstd)}})
    ->ArgNames({"rows", "coding"})
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace millrace::clickhouse_embedded
