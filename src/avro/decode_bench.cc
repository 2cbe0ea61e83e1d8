// CPU of one thread for a record of the published baseline, from Avro's bytes into warm columns: `avro_bench --benchmark_repetitions=5`.
// At most 150 ns are allowed (decode_ns_per_record).
#include <benchmark/benchmark.h>

#include "avro/decode_testing.h"

namespace millrace::avro {
namespace {

constexpr size_t kRecords = 5000;  // an epoch's worth: block and payloads don't fit the first caches, as in a lane

void decode(benchmark::State& state, const MappingOptions& options) {
  const DecodeProgram program = testing::compile(testing::kPageView, testing::kPageView, options);
  std::vector<std::string> payloads;
  size_t bytes = 0;
  for (uint32_t i = 0; i < kRecords; ++i) payloads.push_back(testing::page_view(i)), bytes += payloads.back().size();
  columns::Block block(program.columns());
  bool good = true;
  for (auto _ : state) {
    block.clear();
    for (const std::string& payload : payloads) {
      good &= program.append(payload, 0, block).has_value();
      block.end_row();
    }
  }
  if (!good || block.rows() != kRecords) state.SkipWithError("a record was refused");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
  state.counters["decode_ns_per_record"] =
      benchmark::Counter(static_cast<double>(kRecords) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void page_view(benchmark::State& state) { decode(state, {}); }
BENCHMARK(page_view)->Unit(benchmark::kMicrosecond);

void page_view_low_cardinality(benchmark::State& state) {
  MappingOptions options;
  options.low_cardinality = {"tenant_id"};
  decode(state, options);
}
BENCHMARK(page_view_low_cardinality)->Unit(benchmark::kMicrosecond);

void page_view_as_json(benchmark::State& state) {
  MappingOptions options;
  options.form = MappingOptions::Form::kJson;
  decode(state, options);
}
BENCHMARK(page_view_as_json)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace millrace::avro
