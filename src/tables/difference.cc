#include "tables/difference.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "clients/clickhouse/rows.h"

namespace millrace::tables {
namespace {

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (!std::isspace(static_cast<unsigned char>(c)) && c != '`') out += c;
  return out;
}

bool same_type(std::string_view a, std::string_view b) {
  const auto left = columns::parse_type(a), right = columns::parse_type(b);
  return left && right ? *left == *right : without_blanks(a) == without_blanks(b);
}

// Words of an expression outside of quotes, looked up among the table's columns.
bool mentions(std::string_view expression, std::string_view name) {
  for (size_t at = expression.find(name); at != expression.npos; at = expression.find(name, at + 1)) {
    const auto part_of_word = [&](size_t i) {
      return i < expression.size() && (std::isalnum(static_cast<unsigned char>(expression[i])) || expression[i] == '_' || expression[i] == '.');
    };
    if (!(at > 0 && part_of_word(at - 1)) && !part_of_word(at + name.size())) return true;
  }
  return false;
}

// Of ingestion time alone: a plan has one such time, so its rows stay together.
bool only_ingested_at(std::string_view expression, const ExistingTable& existing) {
  return std::ranges::none_of(existing.columns, [&](const auto& column) { return column.name != "_ingested_at" && mentions(expression, column.name); });
}

int setting(std::string_view engine_full, const std::string& name) {
  const size_t at = engine_full.find(name + " = ");
  int value = 0;
  if (at != engine_full.npos) std::from_chars(engine_full.data() + at + name.size() + 3, engine_full.data() + engine_full.size(), value);
  return value;
}

void check_engine(const TableDefinition& wanted, const ExistingTable& existing, Difference& out) {
  const bool replicated = existing.engine == "ReplicatedMergeTree" || existing.engine == "SharedMergeTree";
  if (!replicated && existing.engine != "MergeTree") {
    out.refusals.push_back("its engine is " + existing.engine +
                           ": exactly once takes MergeTree or ReplicatedMergeTree (rows must stay as they "
                           "were inserted, and an insert must not go through another table); make a new table and copy");
    return;
  }
  if (!replicated && !wanted.cluster.empty())
    out.refusals.push_back(
        "its engine is MergeTree: on a cluster an insert may be repeated at another replica, which only a replicated table recognises; "
        "make a new table and copy");
  const size_t ttl = existing.engine_full.find(" TTL ");
  if (ttl != std::string::npos) {
    const std::string clause = existing.engine_full.substr(ttl + 5, existing.engine_full.find(" SETTINGS ", ttl) - ttl - 5);
    if (!only_ingested_at(clause, existing))
      out.refusals.push_back("TTL " + clause + " is not by _ingested_at: rows of an open plan could be gone before it is counted; ALTER TABLE " +
                             qualified(wanted) + " REMOVE TTL");
  }
  if (!existing.partition_key.empty() && !only_ingested_at(existing.partition_key, existing))
    out.refusals.push_back("PARTITION BY " + existing.partition_key +
                           " splits an insert into several parts: it must be by _ingested_at; make a new table and copy");
  const std::string name = window_setting(replicated);
  const int window = setting(existing.engine_full, name);
  // A replicated table that doesn't say has the server's default, which is 10000.
  if (window < wanted.window && !(replicated && existing.engine_full.find(name) == std::string::npos))
    out.statements.push_back(alter(wanted) + " MODIFY SETTING " + name + " = " + std::to_string(wanted.window));
}

void check_meta(const TableDefinition&, const ExistingTable& existing, Difference& out) {
  for (const MetaColumn& meta : meta_columns()) {
    const auto found = std::ranges::find(existing.columns, meta.name, &ExistingTable::Column::name);
    const std::string name = meta.name;
    if (found == existing.columns.end()) {
      out.refusals.push_back("column " + name + " is missing: the rows that are there have no plan; make a new table and copy");
    } else if (!same_type(found->type, meta.type)) {
      out.refusals.push_back("column " + name + " is " + found->type + ", not " + meta.type);
    } else if (found->default_kind != meta.default_kind ||
               (*meta.default_expression && without_blanks(found->default_expression) != without_blanks(meta.default_expression))) {
      out.refusals.push_back("column " + name + " is " +
                             (found->default_kind.empty() ? "without DEFAULT" : found->default_kind + " " + found->default_expression) + ", not " +
                             meta.default_kind + " " + meta.default_expression + ": it would let in inserts after their term");
    }
  }
}

void check_events(const TableDefinition& wanted, const ExistingTable& existing, Difference& out) {
  std::string after;
  for (const auto& column : wanted.events) {
    const auto found = std::ranges::find(existing.columns, column.name, &ExistingTable::Column::name);
    if (found == existing.columns.end()) {
      out.statements.push_back(alter(wanted) + " ADD COLUMN " + (wanted.cluster.empty() ? "" : "IF NOT EXISTS ") + column_ddl(column) +
                               (after.empty() ? " FIRST" : " AFTER " + clickhouse::quote_identifier(after)));
    } else if (!same_type(found->type, columns::to_string(column.type))) {
      out.refusals.push_back("column " + column.name + " is " + found->type + ", and " + columns::to_string(column.type) +
                             " in the schema: change it by hand (ALTER TABLE … MODIFY COLUMN) if that loses nothing, with the pipeline stopped");
    } else if (found->default_kind == "MATERIALIZED" || found->default_kind == "ALIAS") {
      out.refusals.push_back("column " + column.name + " is " + found->default_kind + " and can't be inserted into");
    }
    after = column.name;
  }
  for (const auto& column : existing.columns) {
    const bool known = (std::ranges::find(wanted.events, column.name, &columns::NamedType::name) != wanted.events.end()) ||
                       std::ranges::any_of(meta_columns(), [&](const MetaColumn& meta) { return column.name == meta.name; });
    if (!known) out.notes.push_back("column " + column.name + " is not in the schema: new rows get its default");
  }
}

}  // namespace

Difference difference(const TableDefinition& wanted, const std::optional<ExistingTable>& existing) {
  Difference out;
  for (const auto& column : wanted.events)
    if (std::ranges::any_of(meta_columns(), [&](const MetaColumn& meta) { return column.name == meta.name; }))
      out.refusals.push_back("the schema has a field " + column.name + ", a name that is kept for the pipeline");
  if (!existing) {
    out.statements.push_back(create_statement(wanted));
    return out;
  }
  check_engine(wanted, *existing, out);
  check_meta(wanted, *existing, out);
  check_events(wanted, *existing, out);
  const bool index = std::ranges::any_of(existing->indices, [](const auto& i) { return i.expression == "_plan" && i.type == "minmax" && i.granularity == 1; });
  if (!index) {
    out.statements.push_back(alter(wanted) + " ADD INDEX " + kPlanIndex + " _plan TYPE minmax GRANULARITY 1");
    out.statements.push_back(alter(wanted) + " MATERIALIZE INDEX " + kPlanIndex);
  }
  for (const std::string& policy : existing->row_policies)
    out.refusals.push_back("row policy " + policy + " hides rows from the count of a plan: DROP ROW POLICY, and give readers a view");
  for (const std::string& view : existing->dependents)
    out.notes.push_back("the materialized view " + view + " is outside the guarantee: it may see an insert twice or not at all");
  return out;
}

Difference all_shards_difference(const TableDefinition& wanted, const std::optional<ExistingTable>& existing) {
  Difference out;
  TableDefinition all = wanted;
  all.table = all_shards_name(wanted);
  if (!existing) {
    out.statements.push_back(create_all_shards_statement(wanted));
    return out;
  }
  if (existing->engine != "Distributed") {
    out.refusals.push_back("there is a table " + qualified(all) + " already, and its engine is " + existing->engine + ", not Distributed");
    return out;
  }
  for (const auto& column : all_shards_columns(wanted)) {
    const auto found = std::ranges::find(existing->columns, column.name, &ExistingTable::Column::name);
    if (found == existing->columns.end())
      out.statements.push_back(alter(all) + " ADD COLUMN IF NOT EXISTS " + clickhouse::quote_identifier(column.name) + " " + columns::to_string(column.type));
    else if (!same_type(found->type, columns::to_string(column.type)))
      out.refusals.push_back("column " + column.name + " of " + qualified(all) + " is " + found->type + ", and " + columns::to_string(column.type) +
                             " in the table under it: DROP TABLE " + qualified(all) + ", which holds no rows of its own, and apply again");
  }
  return out;
}

Difference missing_columns(const TableDefinition& wanted, const std::optional<ExistingTable>& existing) {
  Difference out;
  if (!existing) {
    out.refusals.push_back("the table " + qualified(wanted) + " isn't there: `millrace tables apply` makes it");
    return out;
  }
  for (const auto& column : wanted.events) {
    const auto found = std::ranges::find(existing->columns, column.name, &ExistingTable::Column::name);
    if (found == existing->columns.end()) {
      out.statements.push_back(alter(wanted) + " ADD COLUMN IF NOT EXISTS " + column_ddl(column));
    } else if (!same_type(found->type, columns::to_string(column.type))) {
      out.refusals.push_back("the table " + qualified(wanted) + " has a column " + column.name + " of type " + found->type + ", and " +
                             columns::to_string(column.type) + " is wanted: give it another name, or convert it");
    } else if (found->default_kind == "MATERIALIZED" || found->default_kind == "ALIAS") {
      out.refusals.push_back("the table " + qualified(wanted) + " has a column " + column.name + " that is " + found->default_kind +
                             " and can't be inserted into");
    }
  }
  return out;
}

}  // namespace millrace::tables
