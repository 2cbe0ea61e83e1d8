#include <algorithm>
#include <nlohmann/json.hpp>

#include "rules/rule_set.h"

namespace millrace::rules {
namespace {

using Json = nlohmann::ordered_json;

// Left out if it is empty.
void put(Json& into, const char* key, Json value) {
  if (!value.empty()) into[key] = std::move(value);
}

template <class Rules, class Write>
Json list(const Rules& rules, Write write) {
  Json all = Json::array();
  for (const auto& rule : rules) all.push_back(write(rule));
  return all;
}

Json json(const ValidateRule& rule) {
  Json json{{"name", rule.name.value}, {"that", rule.that.text.value}};
  if (!rule.message.empty()) json["message"] = rule.message;
  return json;
}
Json json(const DropRule& rule) { return {{"name", rule.name.value}, {"when", rule.when.text.value}}; }
Json json(const EnrichRule& rule) {
  Json fields = Json::object();
  for (const auto& [field, from] : rule.fields) fields[field.value] = from.value;
  return {{"table", rule.table.value}, {"key", rule.key.text.value}, {"fields", std::move(fields)}};
}
Json json(const PlacedText& field) { return field.value; }
Json json(const MaskRule& rule) {
  Json json{{"field", rule.field.value}};
  if (rule.with != Masking::kStars) json["with"] = word(rule.with);
  if (rule.keep_last > 0) json["keep_last"] = rule.keep_last;
  return json;
}
Json json(const AlertRule& rule) {
  Json json{{"name", rule.name.value}, {"when", rule.when.text.value}, {"severity", word(rule.severity)}, {"title", rule.title.text.value}};
  if (rule.key) json["key"] = rule.key->text.value;
  put(json, "fields", list(rule.fields, [](const PlacedText& field) { return field.value; }));
  return json;
}
Json json(const MeterRule& rule) {
  Json json{{"name", rule.name.value}};
  if (rule.when) json["when"] = rule.when->text.value;
  json["value"] = rule.value.text.value, json["unit"] = rule.unit.value, json["window"] = word(rule.window);
  return json;
}

Json json(const TopicRules& topic) {
  const auto each = [](const auto& rules) { return list(rules, [](const auto& rule) { return json(rule); }); };
  Json all = Json::object();
  put(all, "validate", each(topic.validate));
  put(all, "drop", each(topic.drop));
  if (topic.sample) all["sample"] = {{"key", topic.sample->key.text.value}, {"keep", topic.sample->keep}};
  put(all, "enrich", each(topic.enrich));
  Json set = Json::object(), rename = Json::object();
  for (const SetRule& rule : topic.set) set[rule.field.value] = rule.value.text.value;
  put(all, "set", std::move(set));
  for (const RenameRule& rule : topic.rename) rename[rule.from.value] = rule.to.value;
  put(all, "rename", std::move(rename));
  put(all, "remove", each(topic.remove));
  put(all, "mask", each(topic.mask));
  put(all, "alert", each(topic.alert));
  put(all, "meter", each(topic.meter));
  return all;
}

}  // namespace

std::string canonical_json(const RuleSet& set) {
  std::vector<const TopicRules*> topics;
  for (const TopicRules& topic : set.topics) topics.push_back(&topic);
  std::ranges::sort(topics, {}, [](const TopicRules* topic) { return topic->topic.value; });
  Json all{{"tenant", set.tenant.value}, {"topics", Json::object()}};
  for (const TopicRules* topic : topics) all["topics"][topic->topic.value] = json(*topic);
  return all.dump();
}

}  // namespace millrace::rules
