// How long it takes to read a catalog of 10,000 tenants with 5 KB of rules each, what it costs in memory, and what a snapshot costs then.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "catalog_topic/topic_testing.h"

namespace millrace::catalog_topic {
namespace {

constexpr int kTenants = 10'000;

const std::vector<topic_store::NewRecord>& records() {
  static const auto made = [] {
    std::vector<topic_store::NewRecord> out;
    CatalogHash hash;
    std::string line = "      gross: amount * 1.19   # \"as always\"\n";
    for (uint64_t n = 1; n <= kTenants; ++n) {
      Change change;
      change.number = n;
      change.name = "tenant-" + std::to_string(n);
      auto source = std::make_shared<RuleSetSource>();
      source->text = "tenant: " + change.name + "\n";
      while (source->text.size() < 5'000) source->text += line;
      source->content_hash = content_hash(source->text);
      hash = with(hash, change.kind, change.name, source->content_hash);
      change.hash = hash;
      change.rules = std::move(source);
      out.push_back(write_change(change));
    }
    return out;
  }();
  return made;
}

void read_into(CatalogState& state) {
  int64_t offset = 0;
  for (const auto& record : records()) state.apply({record.key, *record.value, Offset(offset++), 0});
}

void read_all(benchmark::State& run) {
  records();
  for (auto _ : run) {
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    CatalogState state;
    read_into(state);
    run.counters["bytes_per_tenant"] = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before) / kTenants;
    MILLRACE_CHECK((*state.current())->tenants.size() == kTenants, "all of them");
  }
}
BENCHMARK(read_all)->Unit(benchmark::kMillisecond);

void snapshot(benchmark::State& run) {
  CatalogState state;
  read_into(state);
  const auto last = records().back();
  for (auto _ : run) {
    state.apply({last.key, *last.value, Offset(0), 0});  // so that it isn't held
    benchmark::DoNotOptimize(state.current());
  }
}
BENCHMARK(snapshot)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::catalog_topic
