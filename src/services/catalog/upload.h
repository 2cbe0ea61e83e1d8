#pragma once
// The decisions of the catalog: may this become its next version? Pure: state in, records out. Whatever depends on other entries is
// decided here, on the newest state; what a rule set means was checked before (rule_check.h).

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "catalog_topic/catalog_state.h"
#include "services/catalog/answer.h"
#include "services/catalog/precondition.h"

namespace millrace::catalog {

template <class T>
using Decided = std::expected<T, Refusal>;

// What is to be the contents of an entry from now on; neither rules nor a table: it is removed.
struct Upload {
  catalog_topic::EntryKind kind = catalog_topic::EntryKind::kRules;
  std::string name;
  std::shared_ptr<const catalog_topic::RuleSetSource> rules;
  std::shared_ptr<const catalog_topic::TableSource> table;  // with its text
  std::string author, comment;
  std::string request;  // never used before: tells an attempt that was written after all from another writer's
  int64_t time_ms = 0;
  Precondition precondition;
};

struct Outcome {
  uint64_t version = 0;  // that brought these contents
  catalog_topic::CatalogHash hash;
  bool changed = false;  // false: it was all there already
};

struct Decision {
  Decided<Outcome> outcome;
  std::vector<topic_store::NewRecord> records;  // empty when refused, or when there is nothing to do
};

// Chunks of the table must be in the topic already but for kChunksAtOnce of them, which go along; else `outcome` is a refusal of
// status 0: write_chunks() first.
Decision decide(const catalog_topic::CatalogState& state, const Upload& upload);

inline constexpr uint32_t kChunksAtOnce = 8;  // in one transaction: 4 MB
// The first chunks of the table that the topic doesn't have, as many as go in one transaction.
std::vector<topic_store::NewRecord> missing_chunks(const catalog_topic::CatalogState& state, const catalog_topic::TableSource& table,
                                                   uint32_t most = kChunksAtOnce);

std::string what_is(catalog_topic::EntryKind kind, const std::string& name);  // "the rules of tenant acme", "table plans"

}  // namespace millrace::catalog
