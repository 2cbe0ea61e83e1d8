#pragma once
// What turns a record into output: the schema that each topic is read with, and the tenants' rules. Immutable; shared by lanes. A plan
// names its catalog by hash.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "columns/block.h"
#include "pipeline/decode/reader_schemas.h"
#include "pipeline/lane/rule_book.h"

namespace millrace::pipeline {

class Catalog {
 public:
  struct Topic {
    const ReaderSchemas::Reader* reader = nullptr;
    TopicRulesPtr rules;                      // none: rows stay as they are
    std::vector<columns::NamedType> columns;  // of its rows: the reader's, those of the position, those that rules make
  };

  explicit Catalog(ReaderSchemasPtr schemas);  // without rules
  Catalog(ReaderSchemasPtr schemas, RuleBookPtr rules, const Uuid& hash);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  Uuid hash() const { return hash_; }
  const ReaderSchemasPtr& schemas() const { return schemas_; }
  const Topic* find(std::string_view topic) const;

 private:
  ReaderSchemasPtr schemas_;
  Uuid hash_;
  std::map<std::string, Topic, std::less<>> topics_;
};
using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace millrace::pipeline
