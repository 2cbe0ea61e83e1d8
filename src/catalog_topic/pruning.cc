#include "catalog_topic/pruning.h"

#include <algorithm>

namespace millrace::catalog_topic {
namespace {

// The version that was the newest one when the retention began. From the newest back, so that one clock that was wrong keeps too much rather than too little.
uint64_t floor_of(const CatalogState& state, int64_t cutoff_ms) {
  uint64_t before = state.latest() + 1;
  while (true) {
    const auto changes = state.changes(before, 100);
    for (const Change* change : changes)
      if (change->time_ms <= cutoff_ms) return change->number;
    if (changes.empty()) return 0;
    before = changes.back()->number;
  }
}

}  // namespace

std::vector<topic_store::NewRecord> pruning(const CatalogState& state, int64_t now_ms, const Retention& retention, size_t most) {
  std::vector<topic_store::NewRecord> out;
  if (!state.current()) return out;  // what isn't understood isn't tidied up
  const uint64_t floor = std::max(state.floor(), floor_of(state, now_ms - retention.versions.count()));
  auto superseded = state.superseded(floor);
  if (superseded.size() > most) superseded.resize(most);
  for (const uint64_t number : superseded) out.push_back({change_key(number), std::nullopt});
  if (!out.empty() && floor > state.floor()) out.insert(out.begin(), write_floor({floor}));
  for (const Chunk& chunk : state.orphans(now_ms - retention.orphans.count()))
    if (out.size() < most) out.push_back({chunk_key(chunk), std::nullopt});
  return out;
}

}  // namespace millrace::catalog_topic
