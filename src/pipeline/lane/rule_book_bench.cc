// What tenants' rules cost, on one thread: `lane_bench`.
//   rules_over_rows/50     CPU an event of 50 tenants with ten rules each: two conditions, two derived fields, a rename, a mask, a URL without
//                          its query, a lookup, an alert's condition, a meter. At most 150 ns (rules_cpu_us_per_event).
//   load_tenants/10000     seconds (at most 5) and resident memory (at most 500 MB) of ten rules each, made of twenty templates
//   change_one_of/10000    seconds, after one tenant's change
#include <benchmark/benchmark.h>

#include <fstream>

#include "pipeline/lane/catalog.h"
#include "pipeline/transform/row_transform.h"

namespace millrace::pipeline {
namespace {

constexpr const char* kSchema = R"({"type": "record", "name": "PageView", "fields": [
  {"name": "event_id", "type": "string"}, {"name": "tenant_id", "type": "string"}, {"name": "user_id", "type": "long"},
  {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}}, {"name": "url", "type": "string"},
  {"name": "referrer", "type": ["null", "string"], "default": null}, {"name": "duration_ms", "type": "int"},
  {"name": "props", "type": {"type": "map", "values": "string"}}]})";

std::string tenant(size_t i) { return "tenant-" + std::to_string(i); }

std::string ten_rules(size_t i) {
  const std::string n = std::to_string(i);
  return "tenant: " + tenant(i) + R"(
topics:
  page.view:
    validate:
      - {name: duration, that: duration_ms >= 0 && duration_ms < )" +
         std::to_string(3'600'000 + i) + R"(}
      - {name: scheme, that: url.startsWith("https://")}
    enrich:
      - {table: plans, key: tenant_id, fields: {plan: name}}
    set:
      seconds: double(duration_ms) / 1000.0
      host: url_host(url)
    rename: {event_id: id}
    mask:
      - {field: referrer, keep_last: )" +
         std::to_string(i % 7) + R"(}
      - {field: url, with: url_without_query}
    alert:
      - {name: slow, when: duration_ms > )" +
         std::to_string(1'000'000'000 + i) + R"(, severity: warning, title: '"slow"', key: tenant_id}
    meter:
      - {name: views, value: 1, unit: view, window: day}
)";
}

// Ten of twenty templates.
std::string of_templates(size_t i) {
  std::string text = "tenant: " + tenant(i) + "\ntopics:\n  page.view:\n    validate:\n";
  const std::string n = std::to_string(i);
  for (size_t k = 0; k < 5; ++k) {
    static constexpr const char* kConditions[] = {
        "duration_ms >= -",         "user_id != ",     "size(url) < 1000",        "duration_ms < 77700", "user_id < 99900", "size(event_id) < 90",
        "size(tenant_id) + 1 < 90", "user_id + 1 != ", "duration_ms * 2 < 88800", "user_id * 3 != "};
    text += "      - {name: v" + std::to_string(k) + ", that: " + kConditions[(i + k) % 10] + n + "}\n";
  }
  text += "    alert:\n";
  for (size_t k = 0; k < 5; ++k) {
    static constexpr const char* kConditions[] = {"duration_ms > 99900",     "user_id == ",          "size(url) > 99900",     "duration_ms + 5 > 99900",
                                                  "user_id - 1 == ",         "size(event_id) > 900", "size(tenant_id) > 900", "user_id * 5 == ",
                                                  "duration_ms * 7 > 99900", "user_id % 100000 == "};
    text += "      - {name: a" + std::to_string(k) + ", when: " + kConditions[(i + k) % 10] + n + ", severity: info, title: '\"alert of " + n + "\"'}\n";
  }
  return text;
}

catalog_topic::CatalogContents contents(size_t tenants, std::string (*rules)(size_t)) {
  catalog_topic::CatalogContents all;
  for (size_t i = 0; i < tenants; ++i) {
    auto source = std::make_shared<catalog_topic::RuleSetSource>();
    source->text = rules(i);
    source->content_hash = catalog_topic::content_hash(source->text);
    all.tenants.emplace(tenant(i), std::move(source));
  }
  auto table = std::make_shared<catalog_topic::TableSource>();
  table->definition = {"tenant", {{"tenant", rules::simple(rules::TypeKind::kString)}, {"name", rules::simple(rules::TypeKind::kString)}}};
  std::string text = "tenant,name\n";
  for (size_t i = 0; i < tenants; ++i) text += tenant(i) + ",plan" + std::to_string(i % 3) + "\n";
  table->text = std::make_shared<const std::string>(text);
  all.tables.emplace("plans", std::move(table));
  return all;
}

RuleSettings settings() {
  RuleSettings all;
  all.tenant_column = "tenant_id";
  return all;
}

ReaderSchemasPtr schemas() { return *ReaderSchemas::create({{"page.view", {1, SchemaId(1), kSchema}}}); }

void fill(columns::Block& block, size_t rows, size_t tenants) {
  for (size_t i = 0; i < rows; ++i) {
    block.column(0).append_text("01890a5d-ac96-774b-bcce-" + std::to_string(100'000'000'000 + i));
    block.column(1).append_text(tenant(i * 7 % tenants));
    block.column(2).append(static_cast<int64_t>(i * 31));
    block.column(3).append(static_cast<int64_t>(1'700'000'000'000 + i));
    block.column(4).append_text("https://shop.example.com/products/" + std::to_string(i % 1000) + "?ref=mail&session=" + std::to_string(i));
    if (i % 2 == 0) {
      block.column(5).append_not_null();
      block.column(5).child(0).append_text("https://search.example.org/?q=shoes");
    } else {
      block.column(5).append_null();
    }
    block.column(6).append(static_cast<int32_t>(i % 60'000));
    block.column(7).child(0).append_text("browser"), block.column(7).child(1).append_text("firefox");
    block.column(7).append_end(1);
    block.column(8).append<int32_t>(0), block.column(9).append(static_cast<int64_t>(i)), block.column(10).append<int32_t>(1);
    block.end_row();
  }
}

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  return 0;
}

void rules_over_rows(benchmark::State& state) {
  constexpr size_t kRun = 1000;
  const auto tenants = static_cast<size_t>(state.range(0));
  const auto reader_schemas = schemas();
  auto book = RuleBookCompiler(settings(), reader_schemas).compile(contents(tenants, ten_rules));
  if (!book) return state.SkipWithError(book.error().message.c_str());
  const Catalog catalog(reader_schemas, *book, {});
  const Catalog::Topic& topic = *catalog.find("page.view");
  columns::Block source(topic.columns), block(topic.columns);
  fill(source, kRun, tenants);
  RowTransform transform;
  for (auto _ : state) {
    state.PauseTiming();
    block.clear();
    for (size_t i = 0; i < topic.reader->columns.size() + kPositionColumns; ++i) block.column(i).append_rows(source.column(i), 0, kRun);
    block.set_rows(kRun);
    state.ResumeTiming();
    benchmark::DoNotOptimize(transform.run(*topic.rules, block, 0).dropped);
  }
  if (block.rows() != kRun) state.SkipWithError("a row was rejected");
  state.counters["ns_per_event"] =
      benchmark::Counter(static_cast<double>(kRun) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(rules_over_rows)->Arg(1)->Arg(50)->Arg(1000)->Unit(benchmark::kMicrosecond);

void load_tenants(benchmark::State& state) {
  const auto all = contents(static_cast<size_t>(state.range(0)), of_templates);
  const auto reader_schemas = schemas();
  const double before = resident_mb();
  for (auto _ : state) {
    RuleBookCompiler compiler(settings(), reader_schemas);
    const auto book = compiler.compile(all);
    if (!book) return state.SkipWithError(book.error().message.c_str());
    state.counters["rss_mb"] = resident_mb() - before;
    state.counters["groups"] = static_cast<double>((*book)->find("page.view")->groups().size());
  }
}
BENCHMARK(load_tenants)->Arg(10'000)->Unit(benchmark::kSecond)->Iterations(1);

void change_one_of(benchmark::State& state) {
  auto all = contents(static_cast<size_t>(state.range(0)), of_templates);
  RuleBookCompiler compiler(settings(), schemas());
  if (auto book = compiler.compile(all); !book) return state.SkipWithError(book.error().message.c_str());
  size_t next = 0;
  for (auto _ : state) {
    auto source = std::make_shared<catalog_topic::RuleSetSource>(*all.tenants.at(tenant(next)));
    source->text += "# " + std::to_string(next);
    source->content_hash = catalog_topic::content_hash(source->text);
    all.tenants[tenant(next++)] = std::move(source);
    if (auto book = compiler.compile(all); !book) return state.SkipWithError(book.error().message.c_str());
  }
}
BENCHMARK(change_one_of)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::pipeline
