// Nanoseconds of one thread for a row and expression, in batches of 1,000 rows that are warm: `kernels_bench`. At most 5 for comparisons, 30 for what
// makes or takes apart a text. The argument is how many instances the rows belong to.
#include <benchmark/benchmark.h>

#include "rules/kernels/evaluate_testing.h"

namespace millrace::rules {
namespace {

constexpr uint32_t kRows = 1000;

testing::Bench& rows() {
  static testing::Bench& bench = *[] {
    using columns::Kind;
    const auto text = columns::simple(Kind::kString);
    auto* made = new testing::Bench({{"amount", columns::decimal(10, 2)},
                                     {"price", columns::simple(Kind::kFloat64)},
                                     {"quantity", columns::simple(Kind::kInt32)},
                                     {"status", text},
                                     {"state", columns::low_cardinality(text)},
                                     {"email", text},
                                     {"u", text}});
    for (uint32_t row = 0; row < kRows; ++row) {
      auto& block = made->block;
      block.column(0).append<int64_t>(row * 7 % 5000);
      block.column(1).append(row * 0.07);
      block.column(2).append(static_cast<int32_t>(row % 13));
      block.column(3).append_text(row % 3 == 0 ? "paid" : row % 3 == 1 ? "open" : "cancelled");
      block.column(4).append_text(row % 3 == 0 ? "paid" : row % 3 == 1 ? "open" : "cancelled");
      block.column(5).append_text("customer." + std::to_string(row) + "@example.org");
      block.column(6).append_text("https://shop.example.org/products/" + std::to_string(row) + "?ref=mail");
      block.end_row();
    }
    const std::vector<columns::NamedType> plans = {{"name", text}, {"rate", columns::decimal(8, 2)}};
    columns::Block table(plans);
    for (const char* name : {"paid", "open", "late"}) table.column(0).append_text(name), table.column(1).append<int32_t>(150), table.end_row();
    made->add_table("plans", simple(TypeKind::kString), *ReferenceRows::make(std::move(table), 0), plans);
    return made;
  }();
  return bench;
}

void expression(benchmark::State& state, const char* source) {
  testing::Bench& bench = rows();
  const Compiled compiled = bench.compile_source(source);
  const auto instance_count = static_cast<uint32_t>(state.range(0));
  ParameterTable parameters;
  for (uint32_t i = 0; i < instance_count; ++i) parameters.add(compiled.parameters, "key");
  std::vector<uint32_t> entries, instances;
  for (uint32_t row = 0; row < kRows; ++row) entries.push_back(row), instances.push_back(row % instance_count);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = entries, .instances = instances}, parameters).values);
  }
  state.counters["ns_per_row"] =
      benchmark::Counter(static_cast<double>(kRows) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

#define RULES_BENCH(name, source) BENCHMARK_CAPTURE(expression, name, source)->Arg(1)->Arg(50)->Unit(benchmark::kMicrosecond)
RULES_BENCH(double_and_text, "price > 10.5 && status == \"paid\"");
RULES_BENCH(decimal_and_text, "amount > 10.5 && status == \"paid\"");
RULES_BENCH(decimal_and_low_cardinality, "amount > 10.5 && state == \"paid\"");
RULES_BENCH(int_range, "quantity >= 3 && quantity < 9");
RULES_BENCH(in_list, "status in [\"paid\", \"open\", \"late\"]");
RULES_BENCH(decimal_product, "amount * 1.19 * quantity");
RULES_BENCH(mask_text, "mask(email)");
RULES_BENCH(mask_text_but_four, "mask(email, 4)");
RULES_BENCH(url_parts, "url_host(u) + url_path(u)");
RULES_BENCH(pattern, "email.matches(\"[5-9]@example\")");
RULES_BENCH(lookup_in_table, "lookup(\"plans\", status).rate");
RULES_BENCH(sha256_of_text, "sha256(email)");
RULES_BENCH(hmac_of_text, "hmac(email)");
RULES_BENCH(conditional_text, "quantity > 6 ? email.upperAscii() : status");

}  // namespace
}  // namespace millrace::rules
