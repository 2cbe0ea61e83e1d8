// What a row of a page view costs on its way into a Parquet file, conversion, zstd and all; the bytes go nowhere.
#include <benchmark/benchmark.h>

#include <string>

#include "clients/parquet/write_file.h"

namespace millrace::pipeline {
namespace {

using columns::Kind;

columns::Block page_views(size_t rows) {
  const auto text = columns::simple(Kind::kString);
  columns::Block block({{"event_id", columns::simple(Kind::kUuid)},
                        {"at", columns::date_time64(3)},
                        {"tenant", columns::low_cardinality(text)},
                        {"user_id", columns::simple(Kind::kInt64)},
                        {"url", text},
                        {"referrer", columns::nullable(text)},
                        {"country", columns::low_cardinality(columns::nullable(text))},
                        {"duration_ms", columns::nullable(columns::simple(Kind::kInt32))},
                        {"_partition", columns::simple(Kind::kInt32)},
                        {"_offset", columns::simple(Kind::kInt64)},
                        {"_schema_id", columns::simple(Kind::kInt32)}});
  uint64_t random = 88'172'645'463'325'252;
  for (size_t i = 0; i < rows; ++i) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    block.column(0).append(Uuid{random, random * 31});
    block.column(1).append<int64_t>(1'700'000'000'000 + static_cast<int64_t>(i / 3));
    block.column(2).append_text("tenant-" + std::to_string(random % 50));
    block.column(3).append<int64_t>(static_cast<int64_t>(random % 1'000'000));
    block.column(4).append_text("https://shop.example/item/" + std::to_string(random % 20'011) + "?ref=" + std::to_string(random % 7));
    if (i % 4 == 0)
      block.column(5).append_null();
    else
      block.column(5).append_not_null(), block.column(5).child(0).append_text("https://search.example/?q=" + std::to_string(random % 997));
    block.column(6).append_text(random % 3 == 0 ? "NL" : "DE");
    block.column(7).append_not_null(), block.column(7).child(0).append<int32_t>(static_cast<int32_t>(random % 60'000));
    block.column(8).append<int32_t>(static_cast<int32_t>(i % 8));
    block.column(9).append<int64_t>(static_cast<int64_t>(i));
    block.column(10).append<int32_t>(7);
    block.end_row();
  }
  return block;
}

void page_view_rows(benchmark::State& state) {
  const auto block = page_views(static_cast<size_t>(state.range(0)));
  const parquet::Rows part{&block, nullptr};
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    const Status status = parquet::write_file({&part, 1}, {}, {}, [&](std::string_view more) -> Status { return bytes += more.size(), Status{}; });
    if (!status) state.SkipWithError(status.error().message.c_str());
  }
  const auto rows = static_cast<double>(block.rows());
  state.counters["ns_per_row"] =
      benchmark::Counter(rows * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["file_bytes_per_row"] = static_cast<double>(bytes) / rows;
  state.counters["block_bytes_per_row"] = static_cast<double>(block.bytes()) / rows;
}
BENCHMARK(page_view_rows)->Arg(5'000)->Arg(300'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::pipeline
