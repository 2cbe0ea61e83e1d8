#include "rules/kernels/load.h"

#include <algorithm>

#include "base/result.h"

namespace millrace::rules {
namespace {

using columns::Column;
using columns::Kind;
using columns::Layout;

constexpr int64_t kNanoseconds = 1'000'000'000;
constexpr int64_t kDayNanoseconds = 86'400 * kNanoseconds;

template <class Stored, class Value, class F>
void convert(const Column& column, const Rows& rows, Form form, Store& out, F f) {
  Value* values = out.reset<Value>(form, rows.size);
  const char* marks = column.marks().data();
  const auto read = [&](size_t row) {
    Stored stored;
    std::memcpy(&stored, marks + row * sizeof stored, sizeof stored);
    return stored;
  };
  if (rows.list == nullptr) {
    for (size_t i = 0; i < rows.size; ++i) values[i] = f(read(rows.first + i));
  } else {
    for (size_t i = 0; i < rows.size; ++i) values[i] = f(read(rows.list[i]));
  }
}
template <class Stored, class Value>
void convert(const Column& column, const Rows& rows, Form form, Store& out) {
  if constexpr (std::is_same_v<Stored, Value>) {
    if (rows.list == nullptr) return out.show(form, column.marks().data() + rows.first * sizeof(Stored), rows.size);
  }
  convert<Stored, Value>(column, rows, form, out, [](Stored stored) { return static_cast<Value>(stored); });
}
template <class Stored>
void times(const Column& column, const Rows& rows, int64_t unit, Store& out) {
  convert<Stored, Int128>(column, rows, Form::kTimestamp, out, [unit](Stored stored) { return static_cast<Int128>(stored) * unit; });
}

struct Uuid {
  uint64_t high, low;
};
void uuids(const Column& column, const Rows& rows, TextArena& arena, Store& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  convert<Uuid, std::string_view>(column, rows, Form::kText, out, [&](Uuid id) {
    char* at = arena.reserve(36);
    for (int digit = 0; digit < 32; ++digit) {
      if (digit == 8 || digit == 12 || digit == 16 || digit == 20) *at++ = '-';
      *at++ = kHex[(digit < 16 ? id.high : id.low) >> (60 - digit % 16 * 4) & 15];
    }
    return arena.take(at);
  });
}

// A symbol for each value that the type's integers can have, made in the store's scratch.
template <class Stored>
void symbols(const Column& column, const Rows& rows, Store& out) {
  const auto& named = column.type().symbols;
  int least = 0, most = 0;
  for (const auto& symbol : named) least = std::min<int>(least, symbol.second), most = std::max<int>(most, symbol.second);
  columns::Buffer& table = out.positions();
  table.clear(), table.append_zeros(static_cast<size_t>(most - least + 1) * sizeof(std::string_view));
  auto* texts = reinterpret_cast<std::string_view*>(table.data());
  for (const auto& symbol : named) texts[symbol.second - least] = symbol.first;
  convert<Stored, std::string_view>(column, rows, Form::kText, out,
                                    [&](Stored value) { return value >= least && value <= most ? texts[value - least] : std::string_view(); });
}

// Of a dictionary: each key is looked at once, unless there are fewer rows.
void keys(const Column& column, const Rows& rows, std::string_view* values, columns::Buffer& scratch) {
  const columns::Dictionary& dictionary = column.dictionary();
  if (dictionary.size() > rows.size) {
    for (size_t i = 0; i < rows.size; ++i) values[i] = column.text(rows.at(i));
    return;
  }
  scratch.clear(), scratch.reserve(dictionary.size() * sizeof(std::string_view));
  auto* table = reinterpret_cast<std::string_view*>(scratch.data());
  for (uint32_t key = 0; key < dictionary.size(); ++key) table[key] = dictionary.key(key);
  for (size_t i = 0; i < rows.size; ++i) values[i] = table[column.marks().at<uint32_t>(rows.at(i))];
}

void texts(const Column& column, const Rows& rows, Store& out) {
  auto* values = out.reset<std::string_view>(Form::kText, rows.size);
  if (column.layout() == Layout::kLowCardinality) return keys(column, rows, values, out.positions());
  const char* bytes = column.text_bytes().data();
  const auto end_of = [&](size_t row) { return column.marks().at<uint32_t>(row); };
  const auto between = [bytes](uint32_t begin, uint32_t end) {
    const char* p = bytes + begin;
    while (*p & 0x80) ++p;
    ++p;
    return std::string_view(p, static_cast<size_t>(bytes + end - p));
  };
  if (rows.list != nullptr) {
    for (size_t i = 0; i < rows.size; ++i) values[i] = between(rows.list[i] == 0 ? 0 : end_of(rows.list[i] - 1), end_of(rows.list[i]));
    return;
  }
  uint32_t begin = rows.first == 0 || rows.size == 0 ? 0 : end_of(rows.first - 1);
  for (size_t i = 0; i < rows.size; ++i) {
    const uint32_t end = end_of(rows.first + i);
    values[i] = between(begin, end);
    begin = end;
  }
}

void nullables(const Column& column, const Rows& rows, TextArena& arena, Store& out) {
  uint8_t any = 0;
  if (column.layout() == Layout::kNullable) {
    load(column.child(0), rows, arena, out);
    uint8_t* nulls = out.make_nulls();
    for (size_t i = 0; i < rows.size; ++i) any |= nulls[i] = column.marks().at<uint8_t>(rows.at(i));
  } else {
    texts(column, rows, out);
    uint8_t* nulls = out.make_nulls();
    for (size_t i = 0; i < rows.size; ++i) any |= nulls[i] = column.marks().at<uint32_t>(rows.at(i)) == 0;
  }
  if (any == 0) out.drop_nulls();
}

void lists(const Column& column, const Rows& rows, TextArena& arena, Store& out) {
  const bool is_map = column.layout() == Layout::kMap;
  auto* ranges = out.reset<Range>(is_map ? Form::kMap : Form::kList, rows.size);
  Rows elements;
  if (rows.list == nullptr) {
    elements.first = rows.size == 0 ? 0 : column.elements_begin(rows.first);
    for (size_t i = 0; i < rows.size; ++i) {
      ranges[i] = {column.elements_begin(rows.first + i) - elements.first, column.elements_end(rows.first + i) - elements.first};
      elements.size = ranges[i].end;
    }
  } else {
    columns::Buffer& positions = out.positions();
    positions.clear();
    for (size_t i = 0; i < rows.size; ++i) {
      const uint64_t begin = column.elements_begin(rows.list[i]), end = column.elements_end(rows.list[i]);
      for (uint64_t at = begin; at < end; ++at) positions.put(static_cast<uint32_t>(at));
      ranges[i] = {elements.size, elements.size + end - begin};
      elements.size += end - begin;
    }
    static constexpr uint32_t kNone = 0;
    elements.list = positions.empty() ? &kNone : reinterpret_cast<const uint32_t*>(positions.data());
  }
  for (size_t i = 0; i < (is_map ? 2U : 1U); ++i) load(column.child(i), elements, arena, out.child(i));
}

}  // namespace

void load(const Column& column, const Rows& rows, TextArena& arena, Store& out) {
  const columns::Type& type = column.type();
  const auto decimal_scale = [&] { out.set_scale(static_cast<uint8_t>(type.scale)); };
  switch (type.kind) {
    case Kind::kBool: return convert<uint8_t, uint8_t>(column, rows, Form::kBool, out);
    case Kind::kInt8: return convert<int8_t, int64_t>(column, rows, Form::kInt, out);
    case Kind::kInt16: return convert<int16_t, int64_t>(column, rows, Form::kInt, out);
    case Kind::kInt32: return convert<int32_t, int64_t>(column, rows, Form::kInt, out);
    case Kind::kInt64: return convert<int64_t, int64_t>(column, rows, Form::kInt, out);
    case Kind::kUInt8: return convert<uint8_t, uint64_t>(column, rows, Form::kUint, out);
    case Kind::kUInt16: return convert<uint16_t, uint64_t>(column, rows, Form::kUint, out);
    case Kind::kUInt32: return convert<uint32_t, uint64_t>(column, rows, Form::kUint, out);
    case Kind::kUInt64: return convert<uint64_t, uint64_t>(column, rows, Form::kUint, out);
    case Kind::kFloat32: return convert<float, double>(column, rows, Form::kDouble, out);
    case Kind::kFloat64: return convert<double, double>(column, rows, Form::kDouble, out);
    case Kind::kString: return texts(column, rows, out);
    case Kind::kFixedString: {
      auto* values = out.reset<std::string_view>(Form::kText, rows.size);
      for (size_t i = 0; i < rows.size; ++i) values[i] = column.fixed(rows.at(i));
      return;
    }
    case Kind::kUuid: return uuids(column, rows, arena, out);
    case Kind::kEnum8: return symbols<int8_t>(column, rows, out);
    case Kind::kEnum16: return symbols<int16_t>(column, rows, out);
    case Kind::kDate: return times<uint16_t>(column, rows, kDayNanoseconds, out);
    case Kind::kDate32: return times<int32_t>(column, rows, kDayNanoseconds, out);
    case Kind::kDateTime: return times<uint32_t>(column, rows, kNanoseconds, out);
    case Kind::kDateTime64: return times<int64_t>(column, rows, static_cast<int64_t>(kPowersOfTen[9 - type.precision]), out);
    case Kind::kDecimal32: return convert<int32_t, Int128>(column, rows, Form::kDecimal, out), decimal_scale();
    case Kind::kDecimal64: return convert<int64_t, Int128>(column, rows, Form::kDecimal, out), decimal_scale();
    case Kind::kDecimal128: return convert<Int128, Int128>(column, rows, Form::kDecimal, out), decimal_scale();
    case Kind::kDecimal256: return convert<Int256, Int256>(column, rows, Form::kWideDecimal, out), decimal_scale();
    case Kind::kNullable: return nullables(column, rows, arena, out);
    case Kind::kLowCardinality: return columns::is_nullable(type) ? nullables(column, rows, arena, out) : texts(column, rows, out);
    case Kind::kArray:
    case Kind::kMap: return lists(column, rows, arena, out);
    case Kind::kInt128:
    case Kind::kInt256:
    case Kind::kUInt128:
    case Kind::kUInt256: break;
  }
  MILLRACE_CHECK(false, "a column that rules can't read was refused when the rule was checked: " + columns::to_string(type));
}

void gather(const Vector& from, const Rows& rows, Store& out) {
  const size_t width = width_of(from.form);
  if (from.step == 0) return out.alias(from);
  if (rows.list == nullptr) {
    Vector view = from;
    view.size = rows.size;
    view.values = static_cast<const char*>(from.values) + rows.first * width;
    if (from.nulls != nullptr) view.nulls = from.nulls + rows.first;
    if (from.failures != nullptr) view.failures = from.failures + rows.first;
    return out.alias(view);
  }
  char* values = static_cast<char*>(out.reset(from.form, rows.size));
  const char* in = static_cast<const char*>(from.values);
  const auto copy = [&]<size_t kWidth>() {
    for (size_t i = 0; i < rows.size; ++i) std::memcpy(values + i * kWidth, in + rows.list[i] * kWidth, kWidth);
  };
  switch (width) {
    case 1: copy.operator()<1>(); break;
    case 8: copy.operator()<8>(); break;
    case 16: copy.operator()<16>(); break;
    default: copy.operator()<32>();
  }
  out.set_scale(from.scale);
  if (from.nulls != nullptr) {
    uint8_t* nulls = out.make_nulls();
    for (size_t i = 0; i < rows.size; ++i) nulls[i] = from.nulls[rows.list[i]];
  }
  if (from.failures != nullptr) {
    uint32_t* failures = out.make_failures();
    for (size_t i = 0; i < rows.size; ++i) failures[i] = from.failures[rows.list[i]];
  }
  for (size_t i = 0; i < 2; ++i) out.set_child(i, from.children[i]);
}

}  // namespace millrace::rules
