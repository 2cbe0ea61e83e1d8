#pragma once
// The records of the topic `_millrace.catalog`. Keys are never used twice for different contents, so compaction removes nothing that
// wasn't tombstoned.
//
//   change/<N>          JSON: what version N of the catalog changed. N counts from 1.
//   table/<hash>/<i>    chunk i of the rows of the table contents <hash>: bytes of the text (table_rows.h), cut anywhere
//   floor               JSON: {"format": 1, "number": F}: versions below F are no longer complete

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog_topic/catalog_contents.h"
#include "topic_store/record.h"

namespace millrace::catalog_topic {

inline constexpr const char* kTopic = "_millrace.catalog";
inline constexpr int kFormat = 1;
inline constexpr size_t kChunkBytes = 500'000;  // Kafka takes records of 1 MiB unless told otherwise

// One version of the catalog.
struct Change {
  uint64_t number = 0;
  EntryKind kind = EntryKind::kRules;
  std::string name;                            // the tenant or the table
  std::shared_ptr<const RuleSetSource> rules;  // kRules, unless they were removed
  std::shared_ptr<const TableSource> table;    // kTable, unless it was removed; its text is in the chunks
  std::string author, comment;
  std::string request;  // made up by whoever wrote it, to find out whether it was written
  int64_t time_ms = 0;  // since 1970, by the writer's clock
  CatalogHash hash;     // of the catalog after this change

  bool removes() const { return !rules && !table; }
  ContentHash content() const { return rules ? rules->content_hash : table ? table->content_hash : ContentHash(); }
};

struct Chunk {
  ContentHash table;
  uint32_t index = 0;
};
struct Floor {
  uint64_t number = 0;
};
struct ChangeKey {
  uint64_t number = 0;
};
struct UnknownKey {};
using Key = std::variant<UnknownKey, ChangeKey, Chunk, Floor>;

Key read_key(std::string_view key);
// The error says why this program can't read it: a newer format, or nothing that millrace wrote.
std::expected<Change, std::string> read_change(uint64_t number, std::string_view value);
std::expected<Floor, std::string> read_floor(std::string_view value);

std::string change_key(uint64_t number);
topic_store::NewRecord write_change(const Change& change);
topic_store::NewRecord write_floor(const Floor& floor);
std::string chunk_key(const Chunk& chunk);
uint32_t chunks_of(size_t bytes);
topic_store::NewRecord write_chunk(ContentHash table, std::string_view rows, uint32_t index);

}  // namespace millrace::catalog_topic
