// A line in: {"expression": "…", "rows": [{"i": "5", …}, …]}; a line out: {"results": [value or {"failure": "…"}, …]}, or {"error": "…"} if the
// checker or compiler refuses the expression. Values are {"int": "5"}, {"double": "0x1.8p+0"}, {"list": […]} …; a field that is missing is null.
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "rules/kernels/evaluator.h"
#include "rules/kernels/instants.h"
#include "rules/kernels/program.h"
#include "rules/parser.h"

namespace millrace::rules {
namespace {

using columns::Column;
using columns::Kind;
using nlohmann::json;

std::vector<columns::NamedType> fields() {
  const auto plain = [](Kind kind) { return columns::simple(kind); };
  const auto text = plain(Kind::kString);
  return {{"i", plain(Kind::kInt64)},
          {"j", plain(Kind::kInt64)},
          {"u", plain(Kind::kUInt64)},
          {"v", plain(Kind::kUInt64)},
          {"d", plain(Kind::kFloat64)},
          {"e", plain(Kind::kFloat64)},
          {"b", plain(Kind::kBool)},
          {"c", plain(Kind::kBool)},
          {"s", text},
          {"t", columns::low_cardinality(text)},
          {"y", text},
          {"at", columns::date_time64(9)},
          {"n", columns::nullable(text)},
          {"li", columns::array(plain(Kind::kInt64))},
          {"ls", columns::array(text)},
          {"mp", columns::map(text, plain(Kind::kInt64))}};
}

// Values are texts: bytes and texts as they are, numbers in decimal or hexadecimal digits, an instant as nanoseconds.
void put(Column& column, const json& value) {
  switch (column.type().kind) {
    case Kind::kNullable:
      if (value.is_null()) return column.append_null();
      put(column.child(0), value);
      return column.append_not_null();
    case Kind::kInt64:
    case Kind::kDateTime64: return column.append<int64_t>(std::stoll(value.get<std::string>()));
    case Kind::kUInt64: return column.append<uint64_t>(std::stoull(value.get<std::string>()));
    case Kind::kFloat64: return column.append<double>(std::strtod(value.get<std::string>().c_str(), nullptr));
    case Kind::kBool: return column.append<uint8_t>(value.get<bool>());
    case Kind::kArray:
      for (const json& element : value) put(column.child(0), element);
      return column.append_end(value.size());
    case Kind::kMap:
      for (const auto& [key, element] : value.items()) put(column.child(0), key), put(column.child(1), element);
      return column.append_end(value.size());
    default: return column.append_text(value.get<std::string>());
  }
}

std::string hexadecimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", value);
  return std::isnan(value) ? "nan" : text;
}

json written(const Vector& vector, size_t entry, const Type& type) {
  if (vector.is_null(entry) || vector.form == Form::kNothing) return nullptr;
  switch (vector.form) {
    case Form::kBool: return vector.at<uint8_t>(entry) != 0;
    case Form::kInt: return {{"int", std::to_string(vector.at<int64_t>(entry))}};
    case Form::kUint: return {{"uint", std::to_string(vector.at<uint64_t>(entry))}};
    case Form::kDouble: return {{"double", hexadecimal(vector.at<double>(entry))}};
    case Form::kDuration: return {{"duration", std::to_string(vector.at<int64_t>(entry))}};
    case Form::kTimestamp: return {{"timestamp", spell_decimal(Int256(vector.at<Int128>(entry)), 0)}};
    case Form::kText: return {{type.is(TypeKind::kBytes) ? "bytes" : "string", vector.at<std::string_view>(entry)}};
    default: break;
  }
  const Range range = vector.at<Range>(entry);
  json list = json::array();
  for (uint64_t at = range.begin; at < range.end; ++at) {
    if (vector.form == Form::kMap) list.push_back(written(*vector.children[0], at, type.children[0]));
    const size_t last = vector.form == Form::kMap ? 1 : 0;
    list.push_back(written(*vector.children[last], at, type.children[last]));
  }
  return {{vector.form == Form::kMap ? "map" : "list", std::move(list)}};
}

json answer(const json& request, const Environment& environment, Evaluator& evaluator) {
  const std::string source = request["expression"];
  auto ast = parse(source);
  if (!ast) return {{"error", to_string(ast.error(), source)}};
  const auto checked = check(std::move(*ast), environment);
  if (!checked) return {{"error", to_string(checked.error(), source)}};
  const auto compiled = compile(*checked);
  if (!compiled) return {{"error", to_string(compiled.error(), source)}};
  columns::Block block(fields());
  std::vector<uint32_t> rows;
  for (const json& row : request["rows"]) {
    for (size_t i = 0; i < block.column_count(); ++i) put(block.column(i), row.contains(block.name(i)) ? row[block.name(i)] : json());
    rows.push_back(static_cast<uint32_t>(block.rows()));
    block.end_row();
  }
  const ParameterTable parameters(compiled->parameters);
  const Vector& result = evaluator.evaluate(*compiled->program, {.block = &block, .derived = {}, .first_row = 0, .tables = {}}, {.rows = rows}, parameters);
  json results = json::array();
  for (size_t i = 0; i < rows.size(); ++i) {
    const Failure failure = result.failure(i);
    results.push_back(failure ? json{{"failure", describe(failure.code())}} : written(result, i, checked->type()));
  }
  return {{"results", std::move(results)}};
}

int run() {
  const auto columns = fields();
  const std::vector<std::string> bytes = {"y"};
  const Environment environment{record_of("event", columns, bytes), {}};
  Evaluator evaluator;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(json::parse(line), environment, evaluator).dump(-1, ' ', true, json::error_handler_t::replace) << "\n" << std::flush;
  }
  return 0;
}

}  // namespace
}  // namespace millrace::rules

int main() { return millrace::rules::run(); }
