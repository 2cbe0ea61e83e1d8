// libFuzzer: hostile expressions. Parsing and checking end in a tree or in errors with places inside of the source, in bounded time and
// memory; a tree that is written out and parsed again is the same tree; what was checked has a type, and its folded tree is an expression too.
#include "base/fuzz_seeds.h"
#include "rules/checker.h"
#include "rules/parser.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

const Environment& environment() {
  using columns::Kind;
  static const Environment kEnvironment{
      record_of("order.created", std::vector<columns::NamedType>{{"amount", columns::decimal(10, 2)},
                                                                 {"n", columns::nullable(columns::simple(Kind::kInt64))},
                                                                 {"s", columns::simple(Kind::kString)},
                                                                 {"t", columns::nullable(columns::simple(Kind::kString))},
                                                                 {"l", columns::array(columns::nullable(columns::simple(Kind::kInt64)))},
                                                                 {"m", columns::map(columns::simple(Kind::kString), columns::simple(Kind::kString))},
                                                                 {"a.b", columns::simple(Kind::kFloat64)},
                                                                 {"at", columns::date_time64(3)}}),
      {}};
  return kEnvironment;
}

void places_are_inside(const Diagnostics& errors, std::string_view source) {
  MILLRACE_FUZZ_EXPECT(!errors.empty(), "what fails says why");
  for (const Diagnostic& error : errors) MILLRACE_FUZZ_EXPECT(error.span.begin <= error.span.end && error.span.begin <= source.size(), error.message);
  to_string(errors, source);
}

void run(std::string_view source) {
  auto ast = parse(source);
  if (!ast) return places_are_inside(ast.error(), source);
  const std::string written = unparse(*ast);
  const ParseLimits wide{.source_bytes_max = 10'000'000};
  const auto again = parse(written, wide);
  MILLRACE_FUZZ_EXPECT(again.has_value() && ast->same(ast->root(), *again, again->root()), "another tree: " + written);
  const auto checked = check(*std::move(ast), environment());
  if (!checked) return places_are_inside(checked.error(), source);
  MILLRACE_FUZZ_EXPECT(!checked->type().is(TypeKind::kError), "an error was swallowed: " + written);
  MILLRACE_FUZZ_EXPECT(parse(unparse(checked->ast), wide).has_value(), "the folded tree is no expression: " + unparse(checked->ast));
}

std::vector<std::string> seeds() {
  return {"amount * 1.19 > 100 && s in ['a', \"b\"]",
          "t != null ? t.size() : 0",
          "l.filter(x, x != null).map(x, x + 1)",
          "has(n) && n % 3 == 0 || !has(t)",
          "m.exists(k, m[k].matches(r'^a+'))",
          "at - duration('1h30m') < timestamp('2026-01-01T00:00:00Z')",
          "divide(amount, 3, 2) + decimal('1.50')",
          "b'\\377' + bytes('x') == b\"\"\"y\"\"\"",
          "-(-1) - 0x1F + int(1u)",
          "{'a': [1, 2]}.a[0] // x"};
}

}  // namespace
}  // namespace millrace::rules

MILLRACE_FUZZ_TARGET(millrace::rules::run, millrace::rules::seeds)
