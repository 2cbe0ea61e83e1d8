// millrace rules apply: what would rule sets make of these events?
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>

#include "app/rules_options.h"
#include "pipeline/decode/frame.h"
#include "pipeline/decode/registry_client.h"
#include "tools/rules/dry_run.h"
#include "tools/rules/recent_events.h"
#include "tools/rules/test_run.h"
#include "tools/rules/text_file.h"

namespace millrace::app {
namespace rules_apply_command {

using rules_tools::Applied;
using rules_tools::DryRun;
using rules_tools::Fate;
using rules_tools::Json;

constexpr const char* kAbout =
    "For each event: which fields would be delivered otherwise, by which rule it would be dropped or rejected, its alerts and meters; then a summary by\n"
    "tenant. Nothing is written anywhere, and no offset is committed.\n\n"
    "  echo '{\"amount\": \"0.00\", \"currency\": \"EUR\"}' | millrace rules apply --rules acme.yaml --topic order.created --partial\n"
    "  millrace rules apply --rules acme.yaml --topic order.created --brokers localhost:9092 --registry http://localhost:8081 --last 1000\n\n"
    "Events on standard input are JSON, one a line: unions without their types' names, decimals as numbers or texts, times as RFC 3339 or numbers; what may\n"
    "be null may be left out. Events of tenants that none of the rule sets is for are counted and not looked at. Pseudonyms (hmac) are made with a key\n"
    "that is for trials only. Status: 0 done, 1 a rule set is wrong, 2 the events, schemas or tables can't be had.";

struct Options {
  RuleSources sources;
  std::vector<std::string> rules;
  std::string topic, brokers, tenant_field = rules_tools::kTenantField;
  size_t last = 0;
  bool json = false, partial = false;
};

Json json_of(const Applied& applied) {
  Json out{{"outcome", rules_tools::kFateNames[static_cast<size_t>(applied.fate)]}};
  if (!applied.tenant.empty()) out["tenant"] = applied.tenant;
  if (!applied.why.empty()) out["why"] = applied.why;
  if (applied.fate != Fate::kDelivered) return out;
  out["changes"] = Json::object();
  for (const auto& change : changes_of(applied.tried)) {
    Json& of = out["changes"][change.name];
    if (!change.made) of["from"] = change.before;
    of["to"] = change.after;
  }
  out["alerts"] = Json::array(), out["meters"] = Json::array();
  for (const auto& alert : applied.tried.alerts) {
    Json one{{"name", alert.rule}, {"severity", std::string(rules::word(alert.severity))}, {"title", alert.title}};
    if (alert.has_key) one["key"] = alert.key;
    for (const auto& [field, value] : alert.fields) one["fields"][field] = value;
    out["alerts"].push_back(std::move(one));
  }
  for (const auto& meter : applied.tried.meters)
    out["meters"].push_back({{"name", meter.rule}, {"value", meter.value}, {"unit", meter.unit}, {"window", std::string(rules::word(meter.window))}});
  return out;
}

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print(const Applied& applied, const std::string& place) {
  if (applied.fate == Fate::kOthers) return;
  const char* const fate = rules_tools::kFateNames[static_cast<size_t>(applied.fate)];
  const char* const between = applied.why.empty() ? "" : applied.fate == Fate::kDropped ? " by " : ": ";
  std::printf("%s%s%s  %s%s%s\n", place.c_str(), applied.tenant.empty() ? "" : "  ", applied.tenant.c_str(), fate, between, applied.why.c_str());
  for (const auto& change : changes_of(applied.tried)) std::printf("    %s\n", change.text().c_str());
  for (const auto& alert : applied.tried.alerts) {
    std::string more = alert.has_key ? ", key " + alert.key : "";
    for (const auto& [field, value] : alert.fields) more += ", " + field + " " + value;
    std::printf("    alert %s, %s: %s%s\n", alert.rule.c_str(), std::string(rules::word(alert.severity)).c_str(), alert.title.c_str(), more.c_str());
  }
  for (const auto& meter : applied.tried.meters) std::printf("    meter %s: %s %s\n", meter.rule.c_str(), meter.value.c_str(), meter.unit.c_str());
}

void print_summary(const DryRun& run, bool as_json) {
  Json all = Json::object();
  for (const auto& [tenant, counts] : run.by_tenant()) {
    Json& of = all[tenant];
    std::string text;
    for (size_t fate = 0; fate < std::size(rules_tools::kFateNames); ++fate) {
      if (counts.events[fate] == 0) continue;
      of[rules_tools::kFateNames[fate]] = counts.events[fate];
      text += (text.empty() ? "" : ", ") + std::to_string(counts.events[fate]) + " " +
              (fate == static_cast<size_t>(Fate::kOthers) ? "without rules among these" : rules_tools::kFateNames[fate]);
      if (fate == 0) of["changed"] = counts.changed, text += " (" + std::to_string(counts.changed) + " of them changed)";
    }
    if (!as_json) std::printf("%s: %s\n", tenant.empty() ? "no tenant" : tenant.c_str(), text.c_str());
    for (const auto& [why, count] : counts.reasons) {
      of["by"][why] = count;
      if (!as_json) std::printf("    %zu %s\n", count, why.c_str());
    }
    for (const auto& [alert, count] : counts.alerts) {
      of["alerts"][alert] = count;
      if (!as_json) std::printf("    %zu alerts %s\n", count, alert.c_str());
    }
    for (const auto& [meter, times] : counts.meters) {
      of["meters"][meter] = times.first;
      if (!as_json) std::printf("    %zu metered by %s\n", times.first, meter.c_str());
    }
  }
  if (as_json) std::printf("%s\n", line_of(Json{{"summary", all}}).c_str());
}

void report(const Applied& applied, const Json& at, const std::string& place, const Options& options) {
  if (!options.json) return print(applied, place);
  Json out = at;
  out.update(json_of(applied));
  std::printf("%s\n", line_of(out).c_str());
}

void apply_input(DryRun& run, const Options& options) {
  std::string line;
  for (uint32_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    report(run.apply_json(line, number, options.partial), Json{{"line", number}}, "line " + std::to_string(number), options);
  }
}

// Programs by the writer's schema id; the text says why there is none.
class Writers {
 public:
  Writers(const std::string& registry, const avro::Schema& reader) : registry_(registry, std::chrono::seconds(10)), reader_(reader) {}
  using Found = std::expected<avro::DecodeProgram, std::string>;
  const Found& find(SchemaId id) {
    const auto known = found_.find(id.value);
    return known != found_.end() ? known->second : found_.emplace(id.value, ask(id)).first->second;
  }

 private:
  Found ask(SchemaId id) {
    const auto text = registry_.schema(id);
    if (!text) return std::unexpected(text.error().message);
    if (!*text) return std::unexpected("the registry has no schema " + std::to_string(id.value));
    const auto writer = avro::Schema::parse(**text);
    if (!writer) return std::unexpected("schema " + std::to_string(id.value) + ": " + writer.error().message);
    auto program = avro::DecodeProgram::compile(**writer, reader_);
    if (!program) return std::unexpected("schema " + std::to_string(id.value) + ": " + program.error().reason);
    return std::move(*program);
  }
  pipeline::RegistryClient registry_;
  const avro::Schema& reader_;
  std::map<int32_t, Found> found_;
};

bool apply_recent(DryRun& run, const Options& options) {
  const auto events = rules_tools::recent_events({.brokers = options.brokers, .overrides = {}}, options.topic, options.last);
  if (!events) return std::fprintf(stderr, "%s: %s\n", options.brokers.c_str(), events.error().message.c_str()), false;
  Writers writers(options.sources.registry, run.reader());
  for (const rules_tools::RecentEvent& event : *events) {
    const auto one = [&] {
      const auto id = pipeline::read_frame(event.value, event.null_value);
      if (!id) return run.unreadable(id.error().reason);
      const auto& program = writers.find(*id);
      return program ? run.apply(*program, event.value, pipeline::kFrameBytes) : run.unreadable(program.error());
    };
    const std::string partition = std::to_string(event.partition.value), offset = std::to_string(event.offset.value);
    report(one(), Json{{"partition", event.partition.value}, {"offset", event.offset.value}}, partition + ":" + offset, options);
  }
  return true;
}

int apply(const Options& options) {
  const auto surroundings = options.sources.read();
  if (!surroundings) return 2;
  std::vector<rules_tools::RightSet> sets;
  bool right = true;
  for (const std::string& path : options.rules) {
    const auto text = rules_tools::text_of_file(path);
    if (!text) return std::fprintf(stderr, "%s\n", text.error().message.c_str()), 2;
    auto set = rules_tools::right_set(*text, surroundings->rules);
    if (!set)
      tell(set.error(), path), right = false;
    else
      sets.push_back(std::move(*set));
  }
  if (!right) return 1;
  auto run = DryRun::make(options.topic, sets, *surroundings, options.tenant_field);
  if (!run) return std::fprintf(stderr, "%s\n", run.error().message.c_str()), 1;
  if (options.last == 0)
    apply_input(*run, options);
  else if (!apply_recent(*run, options))
    return 2;
  print_summary(*run, options.json);
  return 0;
}

}  // namespace rules_apply_command

RuleAct rules_apply(CLI::App& cli) {
  using namespace rules_apply_command;
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_subcommand("apply", "dry run: show what rule sets would make of events");
  command->footer(kAbout);
  command->add_option("--rules", options->rules, "rule sets in YAML or JSON, of different tenants")->required();
  command->add_option("--topic", options->topic, "whose events they are")->required();
  options->sources.add_to(*command);
  auto* last = command->add_option("--last", options->last, "the newest N events of the Kafka topic, instead of standard input")
                   ->check(CLI::Range(size_t{1}, rules_tools::kRecentMax));
  auto* brokers = command->add_option("--brokers", options->brokers, "host:port[,host:port], for --last")->needs(last);
  last->needs(brokers)->needs(command->get_option("--registry"));
  command->add_flag("--partial", options->partial, "JSON events may leave anything out: it is 0, \"\" and so on")->excludes(last);
  command->add_flag("--json", options->json, "a line of JSON for each event, and one for the summary");
  command->add_option("--tenant-field", options->tenant_field, "the event's field that names the tenant")->capture_default_str();
  return {command, [options] { return apply(*options); }};
}

}  // namespace millrace::app
