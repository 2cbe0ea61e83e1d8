#include "pipeline/lane/catalog.h"

namespace millrace::pipeline {

using columns::Kind;
using columns::simple;

Catalog::Catalog(ReaderSchemasPtr schemas) : Catalog(schemas, nullptr, schemas->hash()) {}

Catalog::Catalog(ReaderSchemasPtr schemas, RuleBookPtr rules, const Uuid& hash) : schemas_(std::move(schemas)), hash_(hash) {
  for (const ReaderSchemas::Reader& reader : schemas_->readers()) {
    Topic topic{&reader, rules ? rules->find(reader.topic) : nullptr, reader.columns};
    topic.columns.push_back({"_partition", simple(Kind::kInt32)});
    topic.columns.push_back({"_offset", simple(Kind::kInt64)});
    topic.columns.push_back({"_schema_id", simple(Kind::kInt32)});
    if (topic.rules) topic.columns.insert(topic.columns.end(), topic.rules->made().begin(), topic.rules->made().end());
    topics_.emplace(reader.topic, std::move(topic));
  }
}

const Catalog::Topic* Catalog::find(std::string_view topic) const {
  const auto at = topics_.find(topic);
  return at == topics_.end() ? nullptr : &at->second;
}

}  // namespace millrace::pipeline
