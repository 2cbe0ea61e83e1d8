#pragma once
// What turns a record into output: the schema that each topic is read with, and what follows from it. Immutable; shared by lanes. A plan
// names its catalog by hash.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "columns/block.h"
#include "pipeline/decode/reader_schemas.h"

namespace millrace::pipeline {

class Catalog {
 public:
  struct Topic {
    const ReaderSchemas::Reader* reader = nullptr;
    std::vector<columns::NamedType> columns;  // of its rows: the reader's, then those of the position
  };

  explicit Catalog(ReaderSchemasPtr schemas);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  Uuid hash() const { return schemas_->hash(); }
  const ReaderSchemasPtr& schemas() const { return schemas_; }
  const Topic* find(std::string_view topic) const;

 private:
  ReaderSchemasPtr schemas_;
  std::map<std::string, Topic, std::less<>> topics_;
};
using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace millrace::pipeline
