#pragma once
// Which old versions are given up. A version is kept for as long as it is younger than the retention, was the newest within it, or is the newest.

#include <chrono>
#include <vector>

#include "catalog_topic/catalog_state.h"

namespace millrace::catalog_topic {

struct Retention {
  std::chrono::milliseconds versions = std::chrono::days(8);
  std::chrono::milliseconds orphans = std::chrono::hours(24);  // chunks of an upload that was never finished
};

// The records that give up what is too old: a floor and tombstones, at most about `most` of them, to be written in one transaction.
// Empty: there is nothing to do. Idempotent: what is left over is found the next time.
std::vector<topic_store::NewRecord> pruning(const CatalogState& state, int64_t now_ms, const Retention& retention, size_t most = 1000);

}  // namespace millrace::catalog_topic
