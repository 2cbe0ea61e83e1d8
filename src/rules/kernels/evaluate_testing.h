#pragma once
// Expressions over a block of a few typed rows, for tests and benchmarks.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/kernels/evaluator.h"
#include "rules/kernels/failure_text.h"
#include "rules/kernels/program.h"
#include "rules/kernels/value_text.h"
#include "rules/parser.h"

namespace millrace::rules::testing {

class Bench {
 public:
  explicit Bench(std::vector<columns::NamedType> columns, const std::vector<std::string>& bytes = {})
      : block(columns), environment{record_of("event", columns, bytes), {}} {}

  void add_table(const std::string& name, const Type& key, std::shared_ptr<const ReferenceRows> rows, std::vector<columns::NamedType> columns) {
    auto record = std::make_shared<Record>(*record_of(name, columns));
    for (Field& field : record->fields) field.type = nullable(field.type);
    environment.tables.push_back({name, key, record});
    held_.push_back(rows), tables.push_back(rows.get());
  }
  Checked check_source(std::string_view source) const {
    auto ast = parse(source);
    MILLRACE_CHECK(ast.has_value(), to_string(ast.error(), source));
    auto checked = check(std::move(*ast), environment);
    MILLRACE_CHECK(checked.has_value(), to_string(checked.error(), source));
    return *std::move(checked);
  }
  Compiled compile_source(std::string_view source) const {
    auto compiled = compile(check_source(source));
    MILLRACE_CHECK(compiled.has_value(), to_string(compiled.error(), source));
    return *std::move(compiled);
  }
  Input input() const { return {.block = &block, .derived = {}, .first_row = 0, .tables = tables}; }
  // One text a row: the value, or "! " and why there is none.
  std::vector<std::string> run(std::string_view source, std::string_view key = "key") {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < block.rows(); ++row) rows.push_back(row);
    return run(source, rows, key);
  }
  std::vector<std::string> run(std::string_view source, const std::vector<uint32_t>& rows, std::string_view key = "key") {
    const Compiled compiled = compile_source(source);
    const ParameterTable parameters(compiled.parameters, key);
    const Vector& result = evaluator.evaluate(*compiled.program, input(), {.rows = rows}, parameters);
    std::vector<std::string> texts;
    for (size_t i = 0; i < rows.size(); ++i) texts.push_back(text(result, i, compiled.program->type()));
    return texts;
  }
  static std::string text(const Vector& result, size_t entry, const Type& type) {
    const Failure failure = result.failure(entry);
    return failure ? std::string("! ") + describe(failure.code()) : text_of(result, entry, type, 1000, 1000);
  }
  // Of an expression that looks at no row.
  std::string one(std::string_view source) { return run(source, std::vector<uint32_t>{0})[0]; }

  columns::Block block;
  Environment environment;
  std::vector<const ReferenceRows*> tables;
  Evaluator evaluator;

 private:
  std::vector<std::shared_ptr<const ReferenceRows>> held_;
};

}  // namespace millrace::rules::testing
