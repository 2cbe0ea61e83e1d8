// The cases of tests/cases/avro_resolution.jsonl, once as JSON text and once through columns.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "avro/column_plan.h"
#include "avro/decode_testing.h"

namespace millrace::avro {
namespace {

using nlohmann::json;
using Form = ColumnPlan::Form;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}
bool same(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) return a == b || a.get<double>() == b.get<double>() || a.get<float>() == b.get<float>();
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_array()) {
    for (size_t i = 0; i < a.size(); ++i)
      if (!same(a[i], b[i])) return false;
    return true;
  }
  if (!a.is_object()) return a == b;
  for (const auto& [key, value] : a.items())
    if (!b.contains(key) || !same(value, b[key])) return false;
  return true;
}
std::string latin1(std::string_view bytes) {
  std::string utf8;
  for (const char raw : bytes) {
    const auto c = static_cast<unsigned char>(raw);
    if (c < 0x80)
      utf8 += raw;
    else
      utf8 += static_cast<char>(0xc0 | (c >> 6)), utf8 += static_cast<char>(0x80 | (c & 0x3f));
  }
  return utf8;
}
const Node& only_branch(const Node& node) {
  if (node.type != Type::kUnion) return node;
  for (const Node* branch : node.branches)
    if (branch->type != Type::kNull) return *branch;
  return *node.branches[0];
}
bool all_null(const json& value) {
  return value.is_null() || (value.is_object() && std::all_of(value.begin(), value.end(), [](const json& v) { return all_null(v); }));
}

// What a row's columns say, as the reader's value again.
json value_of(columns::Column* const* nodes, const ColumnPlan& plan, const Node& reader, size_t row) {
  const Node& node = only_branch(reader);
  if (plan.form == Form::kNothing) return nullptr;
  if (plan.form == Form::kRecord) {
    json object = json::object();
    for (size_t i = 0; i < plan.parts.size(); ++i) object[node.fields[i].name] = value_of(nodes, plan.parts[i], *node.fields[i].type, row);
    return reader.type == Type::kUnion && all_null(object) && !object.empty() ? json() : object;
  }
  const columns::Column& column = *nodes[plan.node];
  if (column.is_null(row)) return nullptr;
  if (plan.form == Form::kText) return json::parse(nodes[plan.value_node()]->text(row));
  if (plan.form == Form::kArray || plan.form == Form::kMap) {
    json list = plan.form == Form::kArray ? json::array() : json::object();
    for (uint64_t i = column.elements_begin(row); i < column.elements_end(row); ++i) {
      json element = value_of(nodes, plan.parts[0], *node.items, i);
      if (plan.form == Form::kArray)
        list.push_back(std::move(element));
      else
        list[std::string(column.child(0).text(i))] = std::move(element);
    }
    return list;
  }
  const columns::Column& leaf = *nodes[plan.value_node()];
  switch (leaf.type().kind) {
    case columns::Kind::kBool: return leaf.value<uint8_t>(row) != 0;
    case columns::Kind::kInt32: return leaf.value<int32_t>(row);
    case columns::Kind::kInt64: return leaf.value<int64_t>(row);
    case columns::Kind::kFloat32: return leaf.value<float>(row);
    case columns::Kind::kFloat64: return leaf.value<double>(row);
    case columns::Kind::kFixedString: return latin1(leaf.fixed(row));
    case columns::Kind::kLowCardinality: return std::string(leaf.text(row));
    default: return node.type == Type::kString ? std::string(leaf.text(row)) : latin1(leaf.text(row));
  }
}

void run(const json& test, MappingOptions::Form form) {
  SCOPED_TRACE(test["name"].get<std::string>());
  const auto writer = Schema::parse(test["writer"].dump()), reader = Schema::parse(test["reader"].dump());
  ASSERT_TRUE(writer.has_value() && reader.has_value());
  MappingOptions options;
  options.form = form;
  auto program = DecodeProgram::compile(**writer, **reader, options);
  const bool wants_error = test.contains("error");
  if (!program) {
    EXPECT_TRUE(wants_error) << program.error().reason;
    return;
  }
  columns::Block block(program->columns());
  const auto done = program->append(from_hex(test["hex"].get<std::string>()), 0, block);
  ASSERT_EQ(done.has_value(), !wants_error) << (done ? "decoded" : done.error().reason);
  if (wants_error) return;
  const auto plan = plan_columns(**reader, options);
  const json value = value_of(block.nodes(), plan->root, (*reader)->root(), 0);
  EXPECT_TRUE(same(value, test["expected_json"])) << value.dump().substr(0, 300) << " instead of " << test["expected_json"].dump().substr(0, 300);
}

class Resolution : public ::testing::TestWithParam<MappingOptions::Form> {};
TEST_P(Resolution, GivesTheValueThatOtherImplementationsGive) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/cases/avro_resolution.jsonl");
  size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) run(json::parse(line), GetParam());
  EXPECT_GT(count, 100u);
}
INSTANTIATE_TEST_SUITE_P(InBothForms, Resolution, ::testing::Values(MappingOptions::Form::kJson, MappingOptions::Form::kColumns));

}  // namespace
}  // namespace millrace::avro
