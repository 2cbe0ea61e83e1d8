#include "tools/rules/surroundings.h"

#include <algorithm>

#include "avro/column_mapping.h"

namespace millrace::rules_tools {

const avro::SchemaPtr* Surroundings::newest(std::string_view topic) const {
  const auto found = schemas.find(topic);
  return found == schemas.end() ? nullptr : &found->second.back();
}

void Surroundings::put(Table table) {
  std::erase_if(tables, [&](const Table& each) { return each.name == table.name; });
  tables.insert(std::ranges::lower_bound(tables, table.name, {}, &Table::name), std::move(table));
  rules.tables.clear();
  for (const Table& each : tables) rules.tables.push_back(catalog_topic::reference_table(each.name, each.definition));
}

Result<Surroundings> surroundings_of(const std::vector<tables::TopicSchema>& schemas, std::vector<Table> tables) {
  Surroundings all;
  for (const tables::TopicSchema& schema : schemas) {
    auto parsed = avro::Schema::parse(schema.json);
    if (!parsed) return permanent(schema.origin + ": " + parsed.error().message);
    auto columns = avro::map_columns(**parsed);
    auto bytes = avro::bytes_columns(**parsed);
    if (!columns || !bytes) return permanent(schema.origin + ": " + (columns ? bytes.error().reason : columns.error().reason));
    all.rules.topics[schema.topic].push_back(
        {schema.version > 0 ? "version " + std::to_string(schema.version) : schema.origin, std::move(*columns), std::move(*bytes)});
    all.schemas[schema.topic].push_back(std::move(*parsed));
  }
  for (Table& table : tables) all.put(std::move(table));
  return all;
}

}  // namespace millrace::rules_tools
