#pragma once
// What the topic `_millrace.catalog` adds up to: every version of the catalog that is kept, and what was in it.
//
// The state is a function of the newest value of each key, whatever the order in which they came: so compaction, a tombstone and a record
// written by hand mean the same to every process, however much of the topic it has seen. Nothing that is found in the topic is trusted:
// versions that can't be read, or whose contents don't have the hash that their record gives, are refused by at(), and problems() says why.

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog_topic/change.h"

namespace millrace::catalog_topic {

// No locks: the topic store has one, and const members fill caches, so they too want it. Pointers to changes are valid until the
// next apply(); contents stay.
class CatalogState {
 public:
  // The error is for people: why that version isn't to be had.
  using Contents = std::expected<std::shared_ptr<const CatalogContents>, std::string>;

  void apply(const topic_store::StoredRecord& record);

  uint64_t latest() const;                   // the newest version; 0: nothing was ever uploaded, or all is unreadable
  uint64_t floor() const { return floor_; }  // the oldest version that is complete

  // Version 0 is the empty catalog, always there. Costs a walk over all entries unless somebody holds the same contents still.
  Contents at(uint64_t number) const;
  Contents current() const { return at(latest()); }
  // The newest version with such contents; nothing if none that is kept has them. at() may refuse it all the same.
  std::optional<uint64_t> find(CatalogHash hash) const;

  const Change* change(uint64_t number) const;  // nullptr: never written, tombstoned or unreadable
  // The newest change of a tenant's rules or a table; nullptr: there was none that is kept.
  const Change* newest(EntryKind kind, std::string_view name) const;
  std::vector<const Change*> history(EntryKind kind, std::string_view name) const;  // newest first
  std::vector<const Change*> changes(uint64_t before, size_t most) const;           // those below `before`, newest first
  std::shared_ptr<const std::string> rows(const TableSource& table) const;          // nullptr: chunks are missing
  bool has_chunk(ContentHash table, uint32_t index) const;

  // One line each; at most some twenty. Empty: all is well.
  std::vector<std::string> problems() const;

  // Changes that no version from `floor` on needs; oldest first.
  std::vector<uint64_t> superseded(uint64_t floor) const;
  // Chunks that belong to no change, written before that time (ms since 1970).
  std::vector<Chunk> orphans(int64_t before_ms) const;

 private:
  struct StoredTable {
    std::map<uint32_t, std::string> chunks;   // until they are one text
    std::map<uint32_t, int64_t> written_ms;   // every chunk that is in the topic
    std::shared_ptr<const std::string> text;  // once all were there
    std::set<uint64_t> used_by;               // changes
  };
  using Entry = std::pair<EntryKind, std::string>;

  void apply_change(uint64_t number, const topic_store::StoredRecord& record);
  void apply_chunk(const Chunk& chunk, const topic_store::StoredRecord& record);
  void forget(uint64_t number);
  void assemble(ContentHash content, StoredTable& stored, const TableSource& table);
  Contents build(uint64_t number) const;
  std::expected<std::shared_ptr<const TableSource>, std::string> complete(const Change& change) const;

  std::map<uint64_t, Change> changes_;
  std::map<uint64_t, std::string> unreadable_;  // why
  std::map<Entry, std::set<uint64_t>> entries_;
  std::map<CatalogHash, std::set<uint64_t>> by_hash_;
  std::map<ContentHash, StoredTable> tables_;
  uint64_t floor_ = 0;
  std::string unreadable_floor_;
  std::map<std::string, std::string> unknown_;  // key, what it is
  size_t unknown_more_ = 0;
  // Of complete(), and of at(): the newest contents are held, so that asking again costs nothing.
  mutable std::map<uint64_t, std::weak_ptr<const TableSource>> sources_;
  mutable std::map<uint64_t, std::weak_ptr<const CatalogContents>> contents_;
  mutable std::shared_ptr<const CatalogContents> newest_;
};

}  // namespace millrace::catalog_topic
