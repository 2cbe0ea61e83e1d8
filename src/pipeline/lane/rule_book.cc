#include "pipeline/lane/rule_book.h"

#include <xxhash.h>

#include <algorithm>

#include "catalog_topic/table_rows.h"
#include "pipeline/transform/event_time.h"
#include "rules/kernels/sha256.h"

namespace millrace::pipeline {

namespace {

const TopicRulesPtr kNone;

rules::RuleSurroundings surroundings_of(const ReaderSchemas& schemas, const catalog_topic::CatalogContents& contents) {
  rules::RuleSurroundings all;
  for (const ReaderSchemas::Reader& reader : schemas.readers())
    all.topics[reader.topic] = {{"schema " + std::to_string(reader.id.value), reader.columns, reader.bytes_columns}};
  for (const auto& [name, table] : contents.tables) all.tables.push_back(catalog_topic::reference_table(name, table->definition));
  return all;
}

// Rules name tables by their place among them.
std::string definitions_of(const catalog_topic::CatalogContents& contents) {
  std::string text;
  for (const auto& [name, table] : contents.tables) {
    text += name + '(' + table->definition.key;
    for (const auto& column : table->definition.columns) text += ' ' + column.name + ' ' + catalog_topic::type_text(column.type);
    text += ')';
  }
  return text;
}

int32_t column_of(const ReaderSchemas::Reader& reader, const std::string& name) {
  for (size_t i = 0; i < reader.columns.size(); ++i) {
    const columns::Kind kind = reader.columns[i].type.kind;
    if (reader.columns[i].name == name && (kind == columns::Kind::kString || kind == columns::Kind::kLowCardinality)) return static_cast<int32_t>(i);
  }
  return -1;
}

EventColumns known_columns(const ReaderSchemas::Reader& reader, const RuleSettings& settings) {
  EventColumns known{.tenant = column_of(reader, settings.tenant_column)};
  const auto time = std::ranges::find(reader.columns, settings.time_column, &columns::NamedType::name);
  if (time != reader.columns.end() && has_event_time(time->type)) known.time = static_cast<int32_t>(time - reader.columns.begin());
  return known;
}

std::string key_of(const RuleSettings& settings, const std::string& tenant) {
  if (settings.pseudonym_key.empty()) return {};
  std::string key(rules::kSha256HexSize, '\0');
  rules::hmac_sha256_hex(rules::hmac_states(settings.pseudonym_key), tenant, key.data());
  return key;
}

}  // namespace

const TopicRulesPtr& RuleBook::find(std::string_view topic) const {
  const auto at = topics_.find(topic);
  return at == topics_.end() ? kNone : at->second;
}

Result<RuleBookCompiler::Tenant> RuleBookCompiler::compile_tenant(const std::string& name, const catalog_topic::RuleSetSource& source,
                                                                  const rules::RuleSurroundings& surroundings) {
  const std::string where = "rules of tenant " + name;
  auto set = rules::read_rule_set(source.text);
  if (!set) return permanent(rules::to_string(std::move(set.error()), where));
  std::erase_if(set->topics, [&](const rules::TopicRules& each) { return !surroundings.topics.contains(each.topic.value); });  // other pipelines'
  auto checked = rules::check_rule_set(*set, surroundings);
  if (!checked) return permanent(rules::to_string(std::move(checked.error()), where));
  Tenant tenant{source.content_hash, {}, {}};
  for (rules::CheckedTopic& topic : checked->topics) {
    const std::string topic_name = topic.topic;
    auto compiled = compilers_[topic_name].compile(std::move(topic));
    if (!compiled) return permanent(where + ", " + topic_name + ": " + compiled.error().message);
    tenant.needs_key |= compiled->needs_key;
    tenant.topics[topic_name] = std::make_shared<const CompiledTopic>(std::move(*compiled));
  }
  if (tenant.needs_key && settings_.pseudonym_key.empty())
    return permanent(where + " make pseudonyms (hmac), and the worker has no key for that: set rules.pseudonym_key_file");
  return tenant;
}

Result<RuleBookPtr> RuleBookCompiler::compile(const catalog_topic::CatalogContents& contents) {
  const rules::RuleSurroundings surroundings = surroundings_of(*schemas_, contents);
  const std::string definitions = definitions_of(contents);
  std::map<std::string, Tenant, std::less<>> tenants;
  for (const auto& [name, source] : contents.tenants) {
    const auto before = tenants_.find(name);
    if (before != tenants_.end() && before->second.text == source->content_hash && before->second.tables == definitions) {
      tenants.emplace(name, before->second);
      continue;
    }
    auto compiled = compile_tenant(name, *source, surroundings);
    if (!compiled) return std::unexpected(compiled.error());
    compiled->tables = definitions;
    tenants.emplace(name, std::move(*compiled));
  }
  std::vector<std::shared_ptr<const rules::ReferenceRows>> tables;
  std::erase_if(tables_, [&](const auto& held) { return !contents.tables.contains(held.first); });
  for (const auto& [name, source] : contents.tables) {
    auto& [hash, rows] = tables_[name];
    if (!rows || hash != source->content_hash) {
      auto block = catalog_topic::read_rows(source->definition, *source->text);
      if (!block) return permanent("table " + name + ": " + block.error().message);
      auto made = rules::ReferenceRows::make(std::move(*block), source->definition.key_column());
      if (!made) return permanent("table " + name + ": " + made.error().message);
      hash = source->content_hash, rows = std::move(*made);
    }
    tables.push_back(rows);
  }
  std::map<std::string, TopicRulesPtr, std::less<>> topics;
  for (const ReaderSchemas::Reader& reader : schemas_->readers()) {
    if (tenants.empty()) break;  // nobody has rules yet: rows stay as they are
    std::vector<TenantSource> sources;
    for (const auto& [name, tenant] : tenants) {
      const auto of = tenant.topics.find(reader.topic);
      sources.push_back({name, of == tenant.topics.end() ? nullptr : of->second, key_of(settings_, name)});
    }
    if (settings_.unknown_tenant == UnknownTenant::kPass && !tenants.contains(rules::kDefaultTenant))
      sources.push_back({std::string(rules::kDefaultTenant), nullptr, {}});
    auto made =
        TopicRules::make(reader.topic, reader.columns.size(), known_columns(reader, settings_), compilers_[reader.topic].made(), std::move(sources), tables);
    if (!made) return std::unexpected(made.error());
    topics.emplace(reader.topic, std::move(*made));
  }
  tenants_ = std::move(tenants);
  return std::make_shared<const RuleBook>(contents.version, std::move(topics));
}

Uuid catalog_hash(const ReaderSchemas& schemas, catalog_topic::CatalogHash contents, const RuleSettings& settings) {
  if (contents == catalog_topic::CatalogHash()) return schemas.hash();  // no rules
  std::string text = to_string(schemas.hash()) + ' ' + catalog_topic::to_string(contents) + ' ' + settings.tenant_column + ' ' + settings.time_column + ' ' +
                     (settings.unknown_tenant == UnknownTenant::kPass ? "pass " : "reject ");
  if (!settings.pseudonym_key.empty()) {  // not the key: hashes are in everybody's sight
    std::string fingerprint(rules::kSha256HexSize, '\0');
    rules::hmac_sha256_hex(rules::hmac_states(settings.pseudonym_key), "millrace catalog", fingerprint.data());
    text += fingerprint;
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

}  // namespace millrace::pipeline
