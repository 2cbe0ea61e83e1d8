#pragma once
// A topic for tests: what is written to it is kept, as by Kafka, and can be read again by any state.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog_topic/catalog_state.h"
#include "catalog_topic/table_rows.h"

namespace millrace::catalog_topic {

// The change that follows the state: its number and hash are worked out, everything else is as given.
inline Change next_change(const CatalogState& state, EntryKind kind, std::string name) {
  Change change;
  change.kind = kind;
  change.name = std::move(name);
  change.number = state.latest() + 1;
  change.author = "ada";
  change.request = "r" + std::to_string(change.number);
  change.time_ms = static_cast<int64_t>(change.number) * 1000;
  return change;
}

inline void put_hash(const CatalogState& state, Change& change) {
  change.hash = (*state.current())->hash;
  if (const Change* before = state.newest(change.kind, change.name); before && !before->removes())
    change.hash = without(change.hash, change.kind, change.name, before->content());
  if (!change.removes()) change.hash = with(change.hash, change.kind, change.name, change.content());
}

struct TopicForTests {
  std::vector<std::pair<topic_store::NewRecord, int64_t>> records;  // and their times
  CatalogState state;

  void write(topic_store::NewRecord record, int64_t time_ms = 0) {
    records.emplace_back(std::move(record), time_ms);
    apply(state, records.size() - 1);
  }
  void apply(CatalogState& to, size_t index) const {
    const auto& [record, time_ms] = records[index];
    topic_store::StoredRecord stored{record.key, std::nullopt, Offset(static_cast<int64_t>(index)), time_ms};
    if (record.value) stored.value = *record.value;
    to.apply(stored);
  }
  uint64_t rules(const std::string& tenant, const std::string& text) {
    Change change = next_change(state, EntryKind::kRules, tenant);
    auto source = std::make_shared<RuleSetSource>();
    source->text = text;
    source->content_hash = content_hash(text);
    change.rules = std::move(source);
    put_hash(state, change);
    write(write_change(change));
    return change.number;
  }
  uint64_t table(const std::string& name, const TableDefinition& definition, const std::string& rows, bool with_chunks = true) {
    Change change = next_change(state, EntryKind::kTable, name);
    auto source = std::make_shared<TableSource>();
    source->definition = definition;
    source->content_hash = table_hash(definition, rows);
    source->bytes = rows.size();
    source->chunks = chunks_of(rows.size());
    if (with_chunks)
      for (uint32_t i = 0; i < source->chunks; ++i) write(write_chunk(source->content_hash, rows, i));
    change.table = std::move(source);
    put_hash(state, change);
    write(write_change(change));
    return change.number;
  }
  uint64_t remove(EntryKind kind, const std::string& name) {
    Change change = next_change(state, kind, name);
    put_hash(state, change);
    write(write_change(change));
    return change.number;
  }
  // As compaction may leave it: the newest record of each key, without the tombstones.
  TopicForTests compacted() const {
    TopicForTests out;
    for (size_t i = 0; i < records.size(); ++i) {
      const auto same_key = [&](const auto& later) { return later.first.key == records[i].first.key; };
      if (records[i].first.value && std::none_of(records.begin() + static_cast<ptrdiff_t>(i) + 1, records.end(), same_key))
        out.write(records[i].first, records[i].second);
    }
    return out;
  }
};

}  // namespace millrace::catalog_topic
