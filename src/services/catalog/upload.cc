#include "services/catalog/upload.h"

#include <algorithm>

#include "columns/type.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;

constexpr size_t kErrorsMax = 20;
constexpr size_t kRecordBytesMax = 980'000;  // Kafka takes 1 MiB unless told otherwise, headers and all

void add(std::vector<UploadError>& errors, std::string message) {
  if (errors.size() < kErrorsMax) errors.push_back({0, 0, std::move(message)});
}

// All tenants' events of a topic lie in one table: a column has one type.
void check_derived(const CatalogContents& contents, const Upload& upload, std::vector<UploadError>& errors) {
  for (const DerivedColumns& mine : upload.rules->derived)
    for (const auto& [tenant, rules] : contents.tenants) {
      if (tenant == upload.name) continue;
      for (const DerivedColumns& theirs : rules->derived) {
        if (theirs.topic != mine.topic) continue;
        for (const auto& column : mine.columns) {
          const auto other = std::ranges::find(theirs.columns, column.name, &columns::NamedType::name);
          if (other == theirs.columns.end() || other->type == column.type) continue;
          add(errors, mine.topic + ": '" + column.name + "' is " + columns::to_string(other->type) + " for tenant " + tenant + " and would be " +
                          columns::to_string(column.type) + " for tenant " + upload.name + ": one of them needs another name");
        }
      }
    }
}

// Why this use of a table doesn't go with its definition; "" if it does.
std::string misfit(const TableUse& use, const TableDefinition& table) {
  const std::string key = type_text(table.find(table.key)->type);
  if (key != use.key_type) return "the key is " + use.key_type + " for them, and " + key + " in the table";
  for (const auto& [name, type] : use.columns) {
    const TableColumn* column = table.find(name);
    if (!column) return "they use the column " + name + ", which isn't in it";
    if (type_text(column->type) != type)
      return "they use the column " + name + " as " + type + ", and it is " + type_text(column->type) + ": say ?types=" + name + ":" + type;
  }
  return {};
}

// The tables are those that the rules were checked with, as far as the rules use them.
std::optional<Refusal> check_uses(const CatalogContents& contents, const Upload& upload) {
  for (const TableUse& use : upload.rules->uses) {
    const auto table = contents.tables.find(use.table);
    const std::string why = table == contents.tables.end() ? "it was removed" : misfit(use, table->second->definition);
    if (!why.empty())
      return Refusal{409, "table " + use.table + " changed while " + what_is(upload.kind, upload.name) + " were checked (" + why + "): send them again"};
  }
  return std::nullopt;
}

void check_users(const CatalogContents& contents, const Upload& upload, std::vector<UploadError>& errors) {
  for (const auto& [tenant, rules] : contents.tenants)
    for (const TableUse& use : rules->uses) {
      if (use.table != upload.name) continue;
      const std::string why = upload.table ? misfit(use, upload.table->definition) : "they use it";
      if (!why.empty()) add(errors, "the rules of tenant " + tenant + " need it: " + why);
    }
}

bool same(const Change* newest, const Upload& upload) {
  if (!newest || newest->removes()) return false;
  return upload.rules ? newest->content() == upload.rules->content_hash : upload.table && newest->content() == upload.table->content_hash;
}

}  // namespace

std::string what_is(EntryKind kind, const std::string& name) {
  if (kind == EntryKind::kTable) return "table " + name;
  return name == "*" ? "the default rules" : "the rules of tenant " + name;
}

Decision decide(const CatalogState& state, const Upload& upload) {
  const std::string what = what_is(upload.kind, upload.name);
  for (const Change* change : state.history(upload.kind, upload.name))
    if (!upload.request.empty() && change->request == upload.request) return {Outcome{change->number, change->hash, true}, {}};
  const auto contents = state.current();
  if (!contents) return {std::unexpected(Refusal{500, "the catalog can't be changed: " + contents.error()}), {}};
  const CatalogContents& now = **contents;
  const Change* newest = state.newest(upload.kind, upload.name);
  if (auto refusal = refused(upload.precondition, newest, what)) return {std::unexpected(std::move(*refusal)), {}};
  const bool removes = !upload.rules && !upload.table;
  if (removes && (!newest || newest->removes())) return {std::unexpected(Refusal{404, what + ": nothing is there that could be removed"}), {}};
  if (same(newest, upload)) return {Outcome{newest->number, now.hash, false}, {}};

  std::vector<UploadError> errors;
  if (upload.rules) {
    if (auto refusal = check_uses(now, upload)) return {std::unexpected(std::move(*refusal)), {}};
    check_derived(now, upload, errors);
  }
  if (upload.kind == EntryKind::kTable) check_users(now, upload, errors);
  if (!errors.empty()) {
    Refusal refusal = wrong_upload(std::move(errors), upload.name);
    if (removes) refusal.status = 409;
    return {std::unexpected(std::move(refusal)), {}};
  }

  std::vector<topic_store::NewRecord> records;
  if (upload.table) {
    records = missing_chunks(state, *upload.table, kChunksAtOnce + 1);
    if (records.size() > kChunksAtOnce) return {std::unexpected(Refusal{0, "chunks are missing"}), {}};
  }
  Change change;
  change.number = state.latest() + 1;
  change.kind = upload.kind, change.name = upload.name, change.rules = upload.rules, change.table = upload.table;
  change.author = upload.author, change.comment = upload.comment, change.request = upload.request, change.time_ms = upload.time_ms;
  change.hash = now.hash;
  if (newest && !newest->removes()) change.hash = without(change.hash, change.kind, change.name, newest->content());
  if (!removes) change.hash = with(change.hash, change.kind, change.name, change.content());
  records.push_back(write_change(change));
  if (records.back().value->size() > kRecordBytesMax)
    return {std::unexpected(Refusal{413, what + ": with its escapes it is too large for a record of Kafka, by " +
                                             std::to_string(records.back().value->size() - kRecordBytesMax) + " bytes"}),
            {}};
  return {Outcome{change.number, change.hash, true}, std::move(records)};
}

std::vector<topic_store::NewRecord> missing_chunks(const CatalogState& state, const TableSource& table, uint32_t most) {
  std::vector<topic_store::NewRecord> records;
  for (uint32_t i = 0; i < table.chunks && records.size() < most; ++i)
    if (!state.has_chunk(table.content_hash, i)) records.push_back(write_chunk(table.content_hash, *table.text, i));
  return records;
}

}  // namespace millrace::catalog
