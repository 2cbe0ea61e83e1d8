#include "catalog_topic/change.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace millrace::catalog_topic {
namespace {

using json = nlohmann::ordered_json;
constexpr size_t kTypeBytesMax = 4096;              // types are read recursively
constexpr uint64_t kNumberMax = 1'000'000'000'000;  // a key beyond it is nobody's: the next number must exist

// What stands in a record, read; thrown within this file and told as the reason.
struct Unreadable {
  std::string why;
};

const json& at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw Unreadable{std::string("it has no '") + name + "'"};
  return *found;
}
std::string text(const json& object, const char* name) {
  const json& value = at(object, name);
  if (!value.is_string()) throw Unreadable{std::string("'") + name + "' is no text"};
  return value.get<std::string>();
}
uint64_t number(const json& object, const char* name) {
  const json& value = at(object, name);
  if (!value.is_number_unsigned()) throw Unreadable{std::string("'") + name + "' is no number from 0"};
  return value.get<uint64_t>();
}
Uuid hash(const json& object, const char* name) {
  const auto value = parse_hash(text(object, name));
  if (!value) throw Unreadable{std::string("'") + name + "' is no hash of 32 hexadecimal digits"};
  return *value;
}

json read_object(std::string_view value) {
  json object = json::parse(value, nullptr, false);
  if (!object.is_object()) throw Unreadable{"it is no JSON object"};
  if (const uint64_t format = number(object, "format"); format != kFormat)
    throw Unreadable{"its format is " + std::to_string(format) + ", and this program knows " + std::to_string(kFormat) + ": run a newer one"};
  return object;
}

std::shared_ptr<const RuleSetSource> read_rules(const json& object, uint64_t version) {
  auto rules = std::make_shared<RuleSetSource>();
  rules->version = version;
  rules->text = text(object, "text");
  rules->content_hash = ContentHash(hash(object, "content"));
  if (content_hash(rules->text) != rules->content_hash) throw Unreadable{"its text isn't that of its content hash"};
  for (const auto& [topic, columns] : at(object, "derived").items()) {
    DerivedColumns derived{topic, {}};
    for (const auto& [name, type] : columns.items()) {
      const auto* text_of_type = type.get_ptr<const std::string*>();
      auto parsed = text_of_type && text_of_type->size() <= kTypeBytesMax ? columns::parse_type(*text_of_type) : permanent("no text of a usual length");
      if (!parsed) throw Unreadable{"the type of the derived column " + name + ": " + parsed.error().message};
      derived.columns.push_back({name, std::move(*parsed)});
    }
    rules->derived.push_back(std::move(derived));
  }
  for (const auto& [table, use] : at(object, "uses").items()) {
    TableUse out{table, text(use, "key"), {}};
    for (const auto& [column, type] : at(use, "columns").items()) out.columns[column] = type.is_string() ? type.get<std::string>() : "";
    rules->uses.push_back(std::move(out));
  }
  return rules;
}

std::shared_ptr<const TableSource> read_table(const json& object, uint64_t version) {
  auto table = std::make_shared<TableSource>();
  table->version = version;
  table->content_hash = ContentHash(hash(object, "content"));
  table->definition.key = text(object, "key");
  for (const json& column : at(object, "columns")) {
    const auto type = parse_table_type(text(column, "type"));
    if (!type) throw Unreadable{"the type of column " + text(column, "name")};
    table->definition.columns.push_back({text(column, "name"), *type});
  }
  if (!table->definition.find(table->definition.key)) throw Unreadable{"its key is none of its columns"};
  table->rows = number(object, "rows");
  table->bytes = number(object, "bytes");
  const uint64_t chunks = number(object, "chunks");
  if (chunks == 0 || chunks > 100'000) throw Unreadable{"its number of chunks"};
  table->chunks = static_cast<uint32_t>(chunks);
  return table;
}

const char* kind_of(const Change& change) {
  if (change.kind == EntryKind::kRules) return change.removes() ? "rules_removed" : "rules";
  return change.removes() ? "table_removed" : "table";
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return value;
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Key read_key(std::string_view key) {
  if (key == "floor") return Floor{};
  if (key.starts_with("change/")) {
    const auto number = parse_number(key.substr(7));
    if (number && *number > 0 && *number < kNumberMax) return ChangeKey{*number};
  }
  if (key.starts_with("table/") && key.size() > 39 && key[38] == '/') {
    const auto table = parse_hash(key.substr(6, 32));
    const auto index = parse_number(key.substr(39));
    if (table && index && *index < 100'000) return Chunk{ContentHash(*table), static_cast<uint32_t>(*index)};
  }
  return UnknownKey{};
}

std::expected<Change, std::string> read_change(uint64_t wanted, std::string_view value) {
  try {
    const json object = read_object(value);
    Change change;
    change.number = number(object, "number");
    if (change.number != wanted) throw Unreadable{"it says to be version " + std::to_string(change.number)};
    const std::string kind = text(object, "kind");
    change.kind = kind.starts_with("table") ? EntryKind::kTable : EntryKind::kRules;
    change.name = text(object, change.kind == EntryKind::kTable ? "table" : "tenant");
    change.author = text(object, "author");
    change.comment = text(object, "comment");
    change.request = text(object, "request");
    change.time_ms = static_cast<int64_t>(number(object, "time_ms"));
    change.hash = CatalogHash(hash(object, "hash"));
    if (kind == "rules") {
      change.rules = read_rules(object, wanted);
    } else if (kind == "table") {
      change.table = read_table(object, wanted);
    } else if (kind != "rules_removed" && kind != "table_removed") {
      throw Unreadable{"its kind is '" + kind + "'"};
    }
    return change;
  } catch (const Unreadable& unreadable) {
    return std::unexpected(unreadable.why);
  } catch (const json::exception& error) {
    return std::unexpected(error.what());
  }
}

std::expected<Floor, std::string> read_floor(std::string_view value) {
  try {
    return Floor{number(read_object(value), "number")};
  } catch (const Unreadable& unreadable) {
    return std::unexpected(unreadable.why);
  }
}

std::string change_key(uint64_t number) { return "change/" + std::to_string(number); }

topic_store::NewRecord write_change(const Change& change) {
  json out = {{"format", kFormat},
              {"number", change.number},
              {"kind", kind_of(change)},
              {change.kind == EntryKind::kTable ? "table" : "tenant", change.name},
              {"author", change.author},
              {"comment", change.comment},
              {"time_ms", change.time_ms},
              {"request", change.request},
              {"hash", to_string(change.hash)}};
  if (change.rules) {
    json derived = json::object(), uses = json::object();
    for (const DerivedColumns& topic : change.rules->derived)
      for (const auto& column : topic.columns) derived[topic.topic][column.name] = columns::to_string(column.type);
    for (const TableUse& use : change.rules->uses) uses[use.table] = {{"key", use.key_type}, {"columns", use.columns}};
    out["content"] = to_string(change.rules->content_hash);
    out["derived"] = std::move(derived);
    out["uses"] = std::move(uses);
    out["text"] = change.rules->text;
  }
  if (change.table) {
    json columns = json::array();
    for (const TableColumn& column : change.table->definition.columns) columns.push_back({{"name", column.name}, {"type", type_text(column.type)}});
    out["content"] = to_string(change.table->content_hash);
    out["chunks"] = change.table->chunks;
    out["rows"] = change.table->rows;
    out["bytes"] = change.table->bytes;
    out["key"] = change.table->definition.key;
    out["columns"] = std::move(columns);
  }
  return {change_key(change.number), dump(out)};
}

topic_store::NewRecord write_floor(const Floor& floor) { return {"floor", dump({{"format", kFormat}, {"number", floor.number}})}; }

std::string chunk_key(const Chunk& chunk) { return "table/" + to_string(chunk.table) + "/" + std::to_string(chunk.index); }

uint32_t chunks_of(size_t bytes) { return static_cast<uint32_t>((bytes + kChunkBytes - 1) / kChunkBytes); }

topic_store::NewRecord write_chunk(ContentHash table, std::string_view rows, uint32_t index) {
  return {chunk_key({table, index}), std::string(rows.substr(index * kChunkBytes, kChunkBytes))};
}

}  // namespace millrace::catalog_topic
