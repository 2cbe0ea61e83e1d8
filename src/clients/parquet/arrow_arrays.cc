#include "clients/parquet/arrow_arrays.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/extension/uuid.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/short_text.h"

namespace millrace::parquet {
namespace {

using columns::Column;
using columns::Kind;
using columns::Layout;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

struct RowRange {
  size_t first, count;
  int64_t length() const { return static_cast<int64_t>(count); }
};

template <class T>
BufferPtr owned(std::vector<T> values) {
  return arrow::Buffer::FromVector(std::move(values));
}
BufferPtr owned_text(std::string text) { return arrow::Buffer::FromString(std::move(text)); }

// One bit a row, set where `bit` says so.
template <class Bit>
BufferPtr bits(RowRange rows, Bit bit) {
  std::vector<uint8_t> packed((rows.count + 7) / 8);
  for (size_t i = 0; i < rows.count; ++i) packed[i / 8] = static_cast<uint8_t>(packed[i / 8] | (bit(rows.first + i) ? 1U << (i % 8) : 0U));
  return owned(std::move(packed));
}
template <class To, class Convert>
BufferPtr converted(RowRange rows, Convert convert) {
  std::vector<To> values(rows.count);
  for (size_t i = 0; i < rows.count; ++i) values[i] = convert(rows.first + i);
  return owned(std::move(values));
}
BufferPtr in_place(const Column& column, RowRange rows) {
  return arrow::Buffer::Wrap(column.marks().data() + rows.first * column.width(), rows.count * column.width());
}

int64_t saturating_product(int64_t ticks, int64_t factor) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(ticks, factor, &product)) return product;
  return ticks < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// A UUID's halves are little endian each, the more significant one first; Parquet's is big endian.
BufferPtr uuids(const Column& column, RowRange rows) {
  return converted<std::array<uint64_t, 2>>(
      rows, [&](size_t row) { return std::array{__builtin_bswap64(column.value<uint64_t>(2 * row)), __builtin_bswap64(column.value<uint64_t>(2 * row + 1))}; });
}

BufferPtr fixed_values(const Column& column, RowRange rows) {
  const columns::Type& type = column.type();
  switch (type.kind) {
    case Kind::kBool: return bits(rows, [&](size_t row) { return column.value<uint8_t>(row) != 0; });
    case Kind::kDate: return converted<int32_t>(rows, [&](size_t row) { return int32_t{column.value<uint16_t>(row)}; });
    case Kind::kDateTime: return converted<int64_t>(rows, [&](size_t row) { return int64_t{column.value<uint32_t>(row)} * 1000; });
    case Kind::kUuid: return uuids(column, rows);
    case Kind::kDateTime64:
      if (const int64_t factor = ticks_factor(type); factor != 1)
        return converted<int64_t>(rows, [&](size_t row) { return saturating_product(column.value<int64_t>(row), factor); });
      return in_place(column, rows);
    default: return in_place(column, rows);
  }
}

ArrayPtr strings_array(const Column& column, RowRange rows, const BufferPtr& validity, Strings strings) {
  const uint32_t begin = rows.first == 0 ? 0 : column.value<uint32_t>(rows.first - 1);
  const uint32_t end = rows.count == 0 ? begin : column.value<uint32_t>(rows.first + rows.count - 1);
  MILLRACE_CHECK(end - begin <= std::numeric_limits<int32_t>::max(), "a row group's texts are shorter than 2 GiB");
  auto allocated = arrow::AllocateBuffer(end - begin, arrow::system_memory_pool());  // each text is shorter by its length
  if (!allocated.ok()) throw std::bad_alloc();
  const BufferPtr bytes = std::move(*allocated);
  char* const first = reinterpret_cast<char*>(bytes->mutable_data());
  char* to = first;
  std::vector<int32_t> offsets(rows.count + 1);
  const char *from = column.text_bytes().data() + begin, *const all = column.text_bytes().data();
  for (size_t i = 0; i < rows.count; ++i) {
    const char* const behind = all + column.value<uint32_t>(rows.first + i);
    while ((*from & 0x80) != 0) ++from;
    ++from;
    copy_text(to, from, static_cast<size_t>(behind - from));
    to += behind - from;
    offsets[i + 1] = static_cast<int32_t>(to - first);
    from = behind;
  }
  const auto type = strings == Strings::kText ? arrow::utf8() : arrow::binary();
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows.length(), {validity, owned(std::move(offsets)), bytes}));
}

// Keys that were met, by their old number, numbered anew in order of first appearance.
class MetKeys {
 public:
  explicit MetKeys(size_t keys) : numbers_(keys, -1) {}
  int32_t number(size_t key) {
    if (numbers_[key] < 0) numbers_[key] = static_cast<int32_t>(order_.size()), order_.push_back(key);
    return numbers_[key];
  }
  template <class KeyText>
  ArrayPtr texts(KeyText key_text, Strings strings) const {
    std::vector<int32_t> offsets{0};
    std::string bytes;
    for (const size_t key : order_) bytes += key_text(key), offsets.push_back(static_cast<int32_t>(bytes.size()));
    const auto type = strings == Strings::kText ? arrow::utf8() : arrow::binary();
    return arrow::MakeArray(
        arrow::ArrayData::Make(type, static_cast<int64_t>(order_.size()), {nullptr, owned(std::move(offsets)), owned_text(std::move(bytes))}));
  }

 private:
  std::vector<int32_t> numbers_;
  std::vector<size_t> order_;
};

ArrayPtr dictionary_array(BufferPtr indexes, BufferPtr validity, RowRange rows, const ArrayPtr& texts) {
  auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), texts->type()), rows.length(), {std::move(validity), std::move(indexes)});
  data->dictionary = texts->data();
  return arrow::MakeArray(data);
}

ArrayPtr low_cardinality_array(const Column& column, RowRange rows, Strings strings) {
  MetKeys keys(column.dictionary().size());
  const bool has_null = columns::is_nullable(column.type());
  auto indexes = converted<int32_t>(rows, [&](size_t row) {
    const auto key = column.value<uint32_t>(row);
    return has_null && key == 0 ? 0 : keys.number(key);
  });
  const BufferPtr validity = has_null ? bits(rows, [&](size_t row) { return column.value<uint32_t>(row) != 0; }) : nullptr;
  return dictionary_array(std::move(indexes), validity, rows,
                          keys.texts([&](size_t key) { return column.dictionary().key(static_cast<uint32_t>(key)); }, strings));
}

// `valid` is null or one bit a row; what stands at a NULL is not looked at.
ArrayPtr enum_array(const Column& column, RowRange rows, const BufferPtr& validity) {
  const auto& symbols = column.type().symbols;
  constexpr size_t kValues = 1 << 16;
  std::vector<int32_t> symbol_of(kValues, -1);
  for (size_t i = 0; i < symbols.size(); ++i) symbol_of[static_cast<uint16_t>(symbols[i].second)] = static_cast<int32_t>(i);
  MetKeys keys(symbols.size());
  auto indexes = converted<int32_t>(rows, [&](size_t row) {
    const size_t i = row - rows.first;
    if (validity && (validity->data()[i / 8] >> (i % 8) & 1) == 0) return 0;
    const int16_t value = column.width() == 1 ? column.value<int8_t>(row) : column.value<int16_t>(row);
    const int32_t symbol = symbol_of[static_cast<uint16_t>(value)];
    MILLRACE_CHECK(symbol >= 0, "an Enum's value is one of " + columns::to_string(column.type()));
    return keys.number(static_cast<size_t>(symbol));
  });
  return dictionary_array(std::move(indexes), validity, rows, keys.texts([&](size_t key) { return std::string_view(symbols[key].first); }, Strings::kText));
}

// Inside of arrays and maps: Parquet makes the dictionary.
ArrayPtr flat_texts(const ArrayPtr& dictionary) {
  const auto& source = static_cast<const arrow::DictionaryArray&>(*dictionary);
  const auto& keys = static_cast<const arrow::BinaryArray&>(*source.dictionary());  // utf8 has binary's layout
  const auto& indexes = static_cast<const arrow::Int32Array&>(*source.indices());
  std::vector<int32_t> offsets{0};
  std::string bytes;
  for (int64_t i = 0; i < source.length(); ++i) {
    if (source.IsValid(i)) bytes += keys.GetView(indexes.Value(i));
    offsets.push_back(static_cast<int32_t>(bytes.size()));
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(keys.type(), source.length(), {source.data()->buffers[0], owned(std::move(offsets)), owned_text(std::move(bytes))}));
}

enum class Place : bool { kTop, kNested };
ArrayPtr any_array(const Column& column, RowRange rows, BufferPtr validity, Strings strings, Place place);

ArrayPtr nested_array(const Column& column, RowRange rows, Strings strings) {
  const uint64_t begin = column.elements_begin(rows.first), end = rows.count == 0 ? begin : column.elements_end(rows.first + rows.count - 1);
  MILLRACE_CHECK(end - begin <= std::numeric_limits<int32_t>::max(), "a row group's arrays have fewer than 2^31 elements");
  std::vector<int32_t> offsets(rows.count + 1);
  for (size_t i = 0; i < rows.count; ++i) offsets[i + 1] = static_cast<int32_t>(column.elements_end(rows.first + i) - begin);
  const RowRange elements{begin, end - begin};
  const auto type = arrow_type(column.type(), strings);
  const ArrayPtr first = any_array(column.child(0), elements, nullptr, strings, Place::kNested);
  if (column.layout() == Layout::kArray) return std::make_shared<arrow::ListArray>(type, rows.length(), owned(std::move(offsets)), first);
  const ArrayPtr second = any_array(column.child(1), elements, nullptr, strings, Place::kNested);
  return std::make_shared<arrow::MapArray>(type, rows.length(), owned(std::move(offsets)), first, second);
}

ArrayPtr any_array(const Column& column, RowRange rows, BufferPtr validity, Strings strings, Place place) {
  const Kind kind = column.type().kind;
  switch (column.layout()) {
    case Layout::kString: return strings_array(column, rows, validity, strings);
    case Layout::kNullable: {
      const char* nulls = column.marks().data();
      return any_array(column.child(0), rows, bits(rows, [&](size_t row) { return nulls[row] == 0; }), strings, place);
    }
    case Layout::kArray:
    case Layout::kMap: return nested_array(column, rows, strings);
    case Layout::kLowCardinality: {
      auto array = low_cardinality_array(column, rows, strings);
      return place == Place::kTop ? array : flat_texts(array);
    }
    case Layout::kFixed: break;
  }
  if (kind == Kind::kEnum8 || kind == Kind::kEnum16) {
    auto array = enum_array(column, rows, validity);
    return place == Place::kTop ? array : flat_texts(array);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(arrow_type(column.type(), strings), rows.length(), {std::move(validity), fixed_values(column, rows)}));
}

}  // namespace

ArrayPtr arrow_array(const Column& column, size_t first, size_t count, Strings strings) {
  return any_array(column, {first, count}, nullptr, strings, Place::kTop);
}

}  // namespace millrace::parquet
