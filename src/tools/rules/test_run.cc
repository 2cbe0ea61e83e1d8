#include "tools/rules/test_run.h"

#include <algorithm>
#include <map>
#include <optional>

#include "rules/diagnostic.h"
#include "tools/rules/event_encoder.h"
#include "tools/rules/event_values.h"
#include "tools/rules/right_set.h"

namespace millrace::rules_tools {
namespace {

using catalog_topic::CsvField;
using rules::FileNode;
using rules::PlacedText;
using rules::RuleTest;

constexpr const char* kKeyColumn = "key";  // of a table that only tests have

FileNode text_node(const std::string& text, rules::Position at) { return {FileNode::Kind::kText, true, at, {text, {{0, at}}}, {}}; }

// The rows of one table that these tests have, as a file would have them.
catalog::RawTable written_rows(std::span<const RuleTest* const> tests, const std::string& table, const std::string& key_column) {
  catalog::RawTable written;
  written.columns.push_back(key_column);
  for (const RuleTest* test : tests) {
    for (const rules::TableRow& row : test->tables) {
      if (row.table.value != table) continue;
      std::vector<CsvField> fields(written.columns.size());
      fields[0] = {row.key.value, true};
      for (const auto& [name, value] : row.fields) {
        const auto at = static_cast<size_t>(std::ranges::find(written.columns, name.value) - written.columns.begin());
        if (at == written.columns.size()) written.columns.push_back(name.value), fields.emplace_back();
        if (!is_null(value)) fields[at] = {value.text.value, value.quoted};
      }
      written.rows.push_back({row.key.at().line, std::move(fields)});
    }
  }
  return written;
}

class Run {
 public:
  Run(Surroundings surroundings, std::string tenant_field) : surroundings_(std::move(surroundings)), tenant_field_(std::move(tenant_field)) {}

  TestRun run(std::string_view set_text, std::string_view tests_text) {
    TestRun run;
    auto tests = rules::read_rule_tests(tests_text);
    if (!tests) return run.test_errors = std::move(tests.error()), run;
    define_tables(*tests);
    auto set = right_set(set_text, surroundings_.rules);
    if (!set) return run.set_errors = std::move(set.error()), run;
    set_ = std::move(*set);
    for (RuleTest& test : *tests) run.results.push_back(one(test));
    return run;
  }

 private:
  void define_tables(const std::vector<RuleTest>& tests) {
    std::vector<const RuleTest*> all;
    for (const RuleTest& test : tests) all.push_back(&test);
    for (const RuleTest& test : tests) {
      for (const rules::TableRow& row : test.tables) {
        if (std::ranges::find(surroundings_.tables, row.table.value, &Table::name) != surroundings_.tables.end()) continue;
        const auto definition = definition_of(written_rows(all, row.table.value, kKeyColumn));
        const auto none = rows_of({{kKeyColumn}, {}, false}, definition);
        surroundings_.put({row.table.value, definition, none.value()});
      }
    }
  }

  // What the tables hold in this test.
  std::optional<std::vector<Table>> tables_of(const RuleTest& test, TestResult& result) {
    std::vector<Table> tables = surroundings_.tables;
    const RuleTest* const one[] = {&test};
    for (Table& table : tables) {
      const auto first = std::ranges::find(test.tables, table.name, [](const rules::TableRow& row) { return row.table.value; });
      if (first == test.tables.end()) continue;
      auto rows = rows_of(written_rows(one, table.name, table.definition.key), table.definition);
      if (!rows)
        result.errors.push_back({first->table.at(), "table " + table.name + ": " + rows.error().message});
      else
        table.rows = std::move(*rows);
    }
    if (!result.errors.empty()) return std::nullopt;
    return tables;
  }

  // Puts in the set's tenant where there is none.
  void name_tenant(const avro::Schema& schema, FileNode& event, TestResult& result) {
    const std::string& tenant = set_.written.tenant.value;
    const auto& fields = schema.root().fields;
    const bool has_field = std::ranges::find(fields, tenant_field_, &avro::Field::name) != fields.end();
    if (!has_field || tenant == rules::kDefaultTenant || event.kind != FileNode::Kind::kMap) return;
    for (size_t i = 0; i + 1 < event.parts.size(); i += 2) {
      if (event.parts[i].text.value != tenant_field_) continue;
      const FileNode& given = event.parts[i + 1];
      if (given.kind == FileNode::Kind::kText && given.text.value != tenant)
        result.errors.push_back({given.at, "the event is of tenant " + rules::excerpt(given.text.value) + ", and the rules are of " + tenant});
      return;
    }
    event.parts.push_back(text_node(tenant_field_, event.at));
    event.parts.push_back(text_node(tenant, event.at));
  }

  TestResult one(RuleTest& test) {
    TestResult result{test.name.value, test.name.at(), {}, {}};
    const avro::SchemaPtr* schema = surroundings_.newest(test.topic.value);
    if (schema == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& [name, versions] : surroundings_.schemas) names.push_back(name);
      result.errors.push_back({test.topic.at(), "there is no topic '" + test.topic.value + "'" + rules::did_you_mean(test.topic.value, names)});
      return result;
    }
    name_tenant(**schema, test.event, result);
    const auto bytes = encode_event(**schema, test.event, Absent::kZero);
    if (!bytes) result.errors.insert(result.errors.end(), bytes.error().begin(), bytes.error().end());
    const auto tables = tables_of(test, result);
    if (!result.errors.empty()) return result;
    const auto trial = trial_of(test, *schema, *tables);
    if (!trial)
      result.errors.push_back({test.name.at(), trial.error().message});
    else
      result.differences = differences(test, (*trial)->run(*bytes));
    return result;
  }

  // Tests without tables of their own share one.
  Result<TopicTrial*> trial_of(const RuleTest& test, const avro::SchemaPtr& schema, const std::vector<Table>& tables) {
    const std::string& topic = test.topic.value;
    if (const auto known = trials_.find(topic); known != trials_.end() && test.tables.empty()) return &known->second;
    const rules::CheckedTopic* checked = set_.newest(topic);
    auto made = TopicTrial::make(topic, schema, {{set_.written.tenant.value, checked ? std::optional(*checked) : std::nullopt}}, tables, "");
    if (!made) return std::unexpected(made.error());
    if (test.tables.empty()) return &trials_.emplace(topic, std::move(*made)).first->second;
    return &own_.emplace(std::move(*made));
  }

  Surroundings surroundings_;
  std::string tenant_field_;
  RightSet set_;
  std::map<std::string, TopicTrial> trials_;  // by topic
  std::optional<TopicTrial> own_;             // of the test that has tables
};

}  // namespace

TestRun run_rule_tests(std::string_view set, std::string_view tests, Surroundings surroundings, const std::string& tenant_field) {
  return Run(std::move(surroundings), tenant_field).run(set, tests);
}

}  // namespace millrace::rules_tools
