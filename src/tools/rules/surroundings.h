#pragma once
// What a rule set is checked and tried with: its topics' schemas and the reference tables.

#include <map>
#include <string>
#include <vector>

#include "avro/schema.h"
#include "rules/rule_set_check.h"
#include "tables/sources.h"
#include "tools/rules/table_file.h"

namespace millrace::rules_tools {

struct Surroundings {
  std::map<std::string, std::vector<avro::SchemaPtr>, std::less<>> schemas;  // of each topic, oldest first
  std::vector<Table> tables;                                                 // by name
  rules::RuleSurroundings rules;                                             // the same, as rules are checked

  const avro::SchemaPtr* newest(std::string_view topic) const;  // nullptr: no such topic
  // A table, or another definition of one.
  void put(Table table);
};

Result<Surroundings> surroundings_of(const std::vector<tables::TopicSchema>& schemas, std::vector<Table> tables);

}  // namespace millrace::rules_tools
