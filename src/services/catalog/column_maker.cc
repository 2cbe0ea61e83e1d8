#include "services/catalog/column_maker.h"

#include "base/log.h"
#include "clients/clickhouse/table_name.h"
#include "tables/existing.h"

namespace millrace::catalog {
namespace {

Refusal failed(const Error& error) { return {503, "nothing was written, because ClickHouse's tables couldn't be made ready: " + error.message}; }

}  // namespace

std::optional<Refusal> ColumnMaker::make(const std::vector<catalog_topic::DerivedColumns>& derived, Act act) {
  const std::lock_guard lock(mutex_);
  for (const auto& topic : derived)
    if (auto refusal = make_in(topic, act)) return refusal;
  return std::nullopt;
}

std::optional<Refusal> ColumnMaker::make_in(const catalog_topic::DerivedColumns& topic, Act act) {
  tables::TableDefinition wanted;
  wanted.database = database_;
  wanted.table = clickhouse::table_of_topic(topic.topic);
  wanted.events = topic.columns;
  // Once more after the statements: somebody else may have made a column of that name meanwhile, with another type.
  for (int round = 0; round < 2; ++round) {
    const auto existing = tables::read_existing(client_, wanted.database, wanted.table);
    if (!existing) return failed(existing.error());
    const auto todo = tables::missing_columns(wanted, *existing);
    if (!todo.refusals.empty()) {
      std::vector<UploadError> errors;
      for (const std::string& refusal : todo.refusals) errors.push_back({0, 0, refusal});
      return wrong_upload(std::move(errors), topic.topic);
    }
    if (todo.statements.empty() || act == Act::kLook) return std::nullopt;
    for (const std::string& statement : todo.statements) log::info("{}", statement);
    if (auto done = tables::apply(client_, todo); !done) return failed(done.error());
  }
  return std::nullopt;
}

}  // namespace millrace::catalog
