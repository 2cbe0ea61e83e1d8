// The parts of the compiler that choose an operation for a value: into a column, and into JSON text.

#include <algorithm>
#include <array>

#include "avro/decode_compiler.h"
#include "base/result.h"

namespace millrace::avro {
namespace {

using columns::Kind;

// Digits of the fraction of a second, or -1: not a timestamp.
int timestamp_digits(Logical logical) {
  switch (logical) {
    case Logical::kTimestampMillis:
    case Logical::kLocalTimestampMillis: return 3;
    case Logical::kTimestampMicros:
    case Logical::kLocalTimestampMicros: return 6;
    case Logical::kTimestampNanos:
    case Logical::kLocalTimestampNanos: return 9;
    default: return -1;
  }
}
// DateTime64 reaches from 1900 to 2299; with nanoseconds, as far as 64 bits go.
TimeScale time_scale(int from_digits, int to_digits) {
  constexpr auto kPower = std::to_array<int64_t>({1, 0, 0, 1'000, 0, 0, 1'000'000, 0, 0, 1'000'000'000});
  constexpr int64_t kLeast = -2'208'988'800, kMost = 10'413'791'999;
  TimeScale scale;
  if (from_digits >= 0 && from_digits < to_digits) scale.multiply = kPower[static_cast<size_t>(to_digits - from_digits)];
  if (from_digits > to_digits) scale.divide = kPower[static_cast<size_t>(from_digits - to_digits)];
  const int64_t power = kPower[static_cast<size_t>(to_digits)];
  scale.least = kLeast * power;
  if (__builtin_mul_overflow(kMost + 1, power, &scale.most)) scale.most = INT64_MAX;
  --scale.most;
  return scale;
}

Code number_code(Type writer, Type reader) {
  switch (writer) {
    case Type::kInt:
      return reader == Type::kInt     ? Code::kIntToInt32
             : reader == Type::kLong  ? Code::kIntToInt64
             : reader == Type::kFloat ? Code::kIntToFloat32
                                      : Code::kIntToFloat64;
    case Type::kLong: return reader == Type::kLong ? Code::kLongToInt64 : reader == Type::kFloat ? Code::kLongToFloat32 : Code::kLongToFloat64;
    case Type::kFloat: return reader == Type::kFloat ? Code::kFloatToFloat32 : Code::kFloatToFloat64;
    case Type::kDouble: return Code::kDoubleToFloat64;
    default: return Code::kBool;
  }
}

}  // namespace

void DecodeCompiler::emit_leaf(const Node& writer, const Node& reader, const ColumnPlan& plan) {
  const uint32_t column = plan.value_node();
  const columns::Type& type = plan.has_null_map() ? plan.type.children[0] : plan.type;
  const bool fixed = writer.type == Type::kFixed;
  const auto size = static_cast<uint32_t>(fixed ? writer.size : 0);
  switch (type.kind) {
    case Kind::kDate32: add(Code::kIntToDate32, column); return;
    case Kind::kDateTime64:
      program_.time_scales_.push_back(time_scale(timestamp_digits(writer.logical), timestamp_digits(reader.logical)));
      add(Code::kTimestamp, column, static_cast<uint32_t>(program_.time_scales_.size() - 1));
      return;
    case Kind::kUuid: add(fixed ? Code::kUuidFixed : Code::kUuidText, column); return;
    case Kind::kDecimal32:
    case Kind::kDecimal64:
    case Kind::kDecimal128:
    case Kind::kDecimal256: add(fixed ? Code::kDecimalFixed : Code::kDecimalBytes, column, type.precision, size); return;
    case Kind::kEnum8: return emit_enum(Code::kEnum8, column, writer, reader);
    case Kind::kEnum16: return emit_enum(Code::kEnum16, column, writer, reader);
    case Kind::kLowCardinality:
      if (reader.type == Type::kEnum) return emit_enum(Code::kEnumLow, column, writer, reader);
      add(Code::kLowText, column);
      return;
    case Kind::kFixedString: add(Code::kFixed, column, size); return;
    case Kind::kString:
      if (fixed)
        add(Code::kFixedToString, column, size);
      else
        add(reader.type == Type::kString ? Code::kText : Code::kBytes, column);
      return;
    default: add(number_code(writer.type, reader.type), column); return;
  }
}

void DecodeCompiler::emit_json(const Node& writer, const Node& reader) {
  if (full()) return;
  if (writer.type == Type::kUnion) return emit_branches(writer, &reader, [&](const Node& branch) { emit_json(branch, reader); });
  if (reader.type == Type::kUnion) {
    const Node* const branch = match_.branch_for(writer, reader);
    return branch != nullptr ? emit_json(writer, *branch) : void();  // nullptr: too_large()
  }
  const auto size = static_cast<uint32_t>(writer.type == Type::kFixed ? writer.size : 0);
  const bool decimal = reader.logical == Logical::kDecimal && reader.scale <= 76;
  switch (writer.type) {
    case Type::kNull: add(Code::kJsonRaw, kNoColumn, add_text("null")); return;
    case Type::kBoolean: add(Code::kJsonBool); return;
    case Type::kInt: add(Code::kJsonInt); return;
    case Type::kLong: add(Code::kJsonLong); return;
    case Type::kFloat: add(Code::kJsonFloat); return;
    case Type::kDouble: add(Code::kJsonDouble); return;
    case Type::kBytes:
    case Type::kString:
      if (decimal)
        add(Code::kJsonDecimalBytes, kNoColumn, reader.scale);
      else
        add(reader.type == Type::kString ? Code::kJsonText : Code::kJsonBytes);
      return;
    case Type::kFixed:
      if (decimal)
        add(Code::kJsonDecimalFixed, kNoColumn, reader.scale, size);
      else
        add(reader.logical == Logical::kUuid && size == 16 ? Code::kJsonUuidFixed : Code::kJsonFixed, kNoColumn, size);
      return;
    case Type::kEnum: return emit_enum(Code::kJsonEnum, kNoColumn, writer, reader);
    case Type::kRecord: return call(writer, &reader);
    case Type::kArray:
    case Type::kMap: {
      const bool is_map = writer.type == Type::kMap;
      add(Code::kJsonRaw, kNoColumn, add_text(is_map ? "{" : "["));
      emit_loop(Code::kElementsBegin, Code::kTextElementsNext, kNoColumn, *writer.items, is_map, [&] {
        if (is_map) add(Code::kJsonText), add(Code::kJsonRaw, kNoColumn, add_text(":"));
        emit_json(*writer.items, *reader.items);
      });
      add(Code::kJsonRaw, kNoColumn, add_text(is_map ? "}" : "]"));
      return;
    }
    case Type::kUnion: return;
  }
}

void DecodeCompiler::emit_json_record(const Node& writer, const Node& reader) {
  const std::string outer = path_;
  std::string before = "{";
  auto name_it = [&](const std::string& name) {
    add(Code::kJsonRaw, kNoColumn, add_text(before + "\"" + name + "\":"));
    before = ",";
  };
  const std::vector<int> source = SchemaMatch::writer_fields(writer, reader);
  for (size_t w = 0; w < writer.fields.size(); ++w) {
    path_ = outer.empty() ? writer.fields[w].name : outer + "." + writer.fields[w].name;
    const auto found = static_cast<size_t>(std::find(source.begin(), source.end(), static_cast<int>(w)) - source.begin());
    if (found == source.size()) {
      emit_skip(*writer.fields[w].type);
    } else {
      name_it(reader.fields[found].name);
      emit_json(*writer.fields[w].type, *reader.fields[found].type);
    }
  }
  for (size_t i = 0; i < reader.fields.size(); ++i) {
    if (source[i] >= 0) continue;
    const Field& field = reader.fields[i];
    name_it(field.name);
    const auto begin = static_cast<uint32_t>(program_.constants_.size());
    program_.constants_ += field.default_binary.value();
    add(Code::kConstant, kNoColumn, begin, static_cast<uint32_t>(program_.constants_.size()) - begin);
    emit_json(*field.type, *field.type);
    add(Code::kConstantEnd);
  }
  add(Code::kJsonRaw, kNoColumn, add_text(before == "{" ? "{}" : "}"));
  path_ = outer;
}

}  // namespace millrace::avro
