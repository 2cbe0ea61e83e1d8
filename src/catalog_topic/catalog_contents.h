#pragma once
// What is in the catalog at one version. Immutable and shared: two versions have the same objects for what is the same in both, so whoever
// compiles one after the other compiles only what has another content hash.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalog_topic/content_hash.h"
#include "catalog_topic/table_definition.h"

namespace millrace::catalog_topic {

// Columns that a rule set adds to a topic's events.
struct DerivedColumns {
  std::string topic;
  std::vector<columns::NamedType> columns;
  bool operator==(const DerivedColumns&) const = default;
};

// What a rule set reads of a reference table. Types as of type_text().
struct TableUse {
  std::string table, key_type;
  std::map<std::string, std::string> columns;  // name, type
  bool operator==(const TableUse&) const = default;
};

struct RuleSetSource {
  std::string text;  // exactly as it was uploaded
  ContentHash content_hash;
  uint64_t version = 0;  // of the catalog, that brought it
  // As it was checked then.
  std::vector<DerivedColumns> derived;
  std::vector<TableUse> uses;
};

struct TableSource {
  TableDefinition definition;
  std::shared_ptr<const std::string> text;  // for read_rows(); never null in CatalogContents
  ContentHash content_hash;
  uint64_t version = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;   // of text
  uint32_t chunks = 0;  // that the topic has it in
};

struct CatalogContents {
  uint64_t version = 0;
  CatalogHash hash;
  std::map<std::string, std::shared_ptr<const RuleSetSource>, std::less<>> tenants;  // "*": the default set
  std::map<std::string, std::shared_ptr<const TableSource>, std::less<>> tables;
};

}  // namespace millrace::catalog_topic
