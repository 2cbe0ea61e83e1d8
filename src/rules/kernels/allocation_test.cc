// An evaluator that has seen a batch allocates nothing for the next one like it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "rules/kernels/evaluate_testing.h"

namespace {
std::atomic<size_t> allocations{0};
}
void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace millrace::rules {
namespace {

TEST(WarmEvaluator, AllocatesNothing) {
  using columns::Kind;
  testing::Bench bench({{"n", columns::simple(Kind::kInt64)},
                        {"s", columns::nullable(columns::simple(Kind::kString))},
                        {"tags", columns::array(columns::simple(Kind::kString))}});
  for (int64_t row = 0; row < 1000; ++row) {
    bench.block.column(0).append(row % 7);
    if (row % 3 == 0)
      bench.block.column(1).append_null();
    else
      bench.block.column(1).append_not_null(), bench.block.column(1).child(0).append_text("text " + std::to_string(row));
    for (int64_t tag = 0; tag < row % 4; ++tag) bench.block.column(2).child(0).append_text("tag");
    bench.block.column(2).append_end(static_cast<uint64_t>(row % 4)), bench.block.end_row();
  }
  std::vector<uint32_t> rows, instances;
  for (uint32_t row = 0; row < 1000; ++row) rows.push_back(row), instances.push_back(row % 2);
  for (const char* source : {"n > 3 && s != null && s.upperAscii().contains('TEXT 1')", "100 / n > 3 ? s.orValue('none' + string(n)) : mask(s.orValue('x'), 2)",
                             "tags.exists(t, t.matches('^t') && n > 2)", "tags.map(t, t + string(n)).filter(t, t != 'tag3')", "decimal(n, 2) * 1.19 > 3.5",
                             "sha256(string(n)) + hmac(string(n))", "[n, 2][n] in [1, n]", "s.orValue('a b').split(' ').join('-')"}) {
    const Compiled compiled = bench.compile_source(source);
    ParameterTable table(compiled.parameters, "key");
    table.add(compiled.parameters, "other");
    const auto run = [&] { bench.evaluator.evaluate(*compiled.program, bench.input(), {.rows = rows, .instances = instances}, table); };
    run();
    const size_t before = allocations;
    run();
    EXPECT_EQ(allocations - before, 0U) << source;
  }
}

}  // namespace
}  // namespace millrace::rules
