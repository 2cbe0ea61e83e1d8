// The paths below /v1/tenants.
#include <nlohmann/json.hpp>

#include "rules/rule_set.h"
#include "services/catalog/api.h"
#include "services/catalog/rule_check.h"
#include "services/catalog/text_diff.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using nlohmann::ordered_json;

constexpr const char* kYaml = "application/yaml";

std::string tenant_of(const std::string& piece) { return piece == "_default" ? std::string(rules::kDefaultTenant) : piece; }

Refusal none(const std::string& tenant) {
  return {404, "there are no rules of tenant '" + tenant + "'" +
                   (tenant == rules::kDefaultTenant ? "" : ": the default ones apply to it, if there are any (/v1/tenants/_default/rules)")};
}

Decided<const Change*> version_of(const CatalogState& state, const std::string& tenant, const std::string& text) {
  const auto number = read_number(text);
  if (!number) return std::unexpected(Refusal{400, "'" + text + "' is no version: a number is"});
  const Change* change = state.change(*number);
  if (!change || change->kind != EntryKind::kRules || change->name != tenant) {
    const std::string kept = state.floor() > 0 ? " (those that were replaced before version " + std::to_string(state.floor()) + " are no longer kept)" : "";
    return std::unexpected(Refusal{404, "version " + text + " of the catalog didn't change " + what_is(EntryKind::kRules, tenant) + kept});
  }
  return change;
}

Answer rules_answer(const Change& change) {
  Answer out{200, change.rules->text, kYaml};
  out.headers = {{"ETag", etag(change.content())}, {"Millrace-Version", std::to_string(change.number)}};
  return out;
}

std::string text_of(const Change& change) { return change.rules ? change.rules->text : ""; }

}  // namespace

Api::Result Api::tenants(const Call&) {
  return store_.read([&](const CatalogState& state) -> Result {
    const auto contents = state.current();
    if (!contents) return std::unexpected(Refusal{500, contents.error()});
    ordered_json out = ordered_json::array();
    for (const auto& [tenant, rules] : (*contents)->tenants)
      out.push_back({{"tenant", tenant}, {"version", rules->version}, {"content_hash", to_string(rules->content_hash)}, {"bytes", rules->text.size()}});
    return Answer{200, out.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
  });
}

Api::Result Api::get_rules(const Call& call) {
  const std::string tenant = tenant_of(call.pieces[0]);
  return store_.read([&](const CatalogState& state) -> Result {
    const Change* newest = state.newest(EntryKind::kRules, tenant);
    if (!newest || newest->removes()) return std::unexpected(none(tenant));
    return rules_answer(*newest);
  });
}

Decided<std::shared_ptr<const RuleSetSource>> Api::checked(const std::string& tenant, const std::string& text) {
  const auto set = read_rules(text, tenant);
  if (!set) return std::unexpected(set.error());
  const auto unreachable = [](const Error& error) {
    return Refusal{error.retry == Retry::kPermanent ? 500 : 503, "the rules can't be checked, because the schemas aren't known: " + error.message};
  };
  rules::RuleSurroundings surroundings;
  const auto topics = schemas_.topics();
  if (!topics) return std::unexpected(unreachable(topics.error()));
  for (const std::string& topic : *topics) surroundings.topics[topic];  // named, so that a wrong name finds the right one
  for (const rules::TopicRules& topic : set->topics) {
    const auto known = surroundings.topics.find(topic.topic.value);
    if (known == surroundings.topics.end()) continue;
    auto versions = schemas_.versions_of(topic.topic.value);
    if (!versions) return std::unexpected(unreachable(versions.error()));
    known->second = std::move(*versions);
  }
  const auto contents = store_.read([](const CatalogState& state) { return state.current(); });
  if (!contents) return std::unexpected(Refusal{500, contents.error()});
  return check_rules(text, *set, std::move(surroundings), **contents);
}

Api::Result Api::put_text(const Call& call, const std::string& tenant, const std::string& text, const std::string& comment) {
  auto upload = begun(call, EntryKind::kRules, tenant);
  if (!upload) return std::unexpected(upload.error());
  if (upload->comment.empty()) upload->comment = comment;
  // First what costs nothing: another's change is told before one's own errors.
  if (auto refusal = store_.read([&](const CatalogState& state) {
        return refused(upload->precondition, state.newest(EntryKind::kRules, tenant), what_is(EntryKind::kRules, tenant));
      }))
    return std::unexpected(std::move(*refusal));
  auto rules = checked(tenant, text);
  if (!rules) return std::unexpected(rules.error());
  upload->rules = std::move(*rules);
  return publish(call, *upload);
}

Api::Result Api::put_rules(const Call& call) { return put_text(call, tenant_of(call.pieces[0]), call.body, ""); }

Api::Result Api::delete_rules(const Call& call) {
  auto upload = begun(call, EntryKind::kRules, tenant_of(call.pieces[0]));
  if (!upload) return std::unexpected(upload.error());
  return publish(call, *upload);
}

Api::Result Api::rules_versions(const Call& call) {
  const std::string tenant = tenant_of(call.pieces[0]);
  return store_.read([&](const CatalogState& state) -> Result {
    const auto history = state.history(EntryKind::kRules, tenant);
    if (history.empty()) return std::unexpected(none(tenant));
    std::string body = "[";
    for (const Change* change : history) body += (body.size() > 1 ? "," : "") + described(*change);
    return Answer{200, body + "]"};
  });
}

Api::Result Api::rules_version(const Call& call) {
  return store_.read([&](const CatalogState& state) -> Result {
    const std::string tenant = tenant_of(call.pieces[0]);
    const auto change = version_of(state, tenant, call.pieces[1]);
    if (!change) return std::unexpected(change.error());
    if ((*change)->removes()) return std::unexpected(Refusal{404, "version " + call.pieces[1] + " removed " + what_is(EntryKind::kRules, tenant)});
    return rules_answer(**change);
  });
}

Api::Result Api::rules_diff(const Call& call) {
  const std::string tenant = tenant_of(call.pieces[0]);
  const auto to = call.parameter("to");
  std::string before, after;
  const auto failed = store_.read([&](const CatalogState& state) -> std::optional<Refusal> {
    const auto a = version_of(state, tenant, call.pieces[1]);
    if (!a) return a.error();
    const Change* newest = state.newest(EntryKind::kRules, tenant);
    const auto b = to ? version_of(state, tenant, *to) : Decided<const Change*>(newest);
    if (!b) return b.error();
    before = text_of(**a), after = text_of(**b);
    return std::nullopt;
  });
  if (failed) return std::unexpected(*failed);
  return Answer{200, unified_diff(before, after, tenant + " version " + call.pieces[1], tenant + " version " + to.value_or("now")),
                "text/x-diff; charset=utf-8"};
}

Api::Result Api::roll_back(const Call& call) {
  const std::string tenant = tenant_of(call.pieces[0]);
  const auto to = call.parameter("to");
  if (!to) return std::unexpected(Refusal{400, "?to=VERSION says where to"});
  std::optional<std::string> text;
  const auto failed = store_.read([&](const CatalogState& state) -> std::optional<Refusal> {
    const auto change = version_of(state, tenant, *to);
    if (!change) return change.error();
    if (!(*change)->removes()) text = (*change)->rules->text;
    return std::nullopt;
  });
  if (failed) return std::unexpected(*failed);
  const std::string comment = "back to version " + *to;
  if (text) return put_text(call, tenant, *text, comment);
  auto upload = begun(call, EntryKind::kRules, tenant);
  if (!upload) return std::unexpected(upload.error());
  if (upload->comment.empty()) upload->comment = comment;
  return publish(call, *upload);
}

}  // namespace millrace::catalog
