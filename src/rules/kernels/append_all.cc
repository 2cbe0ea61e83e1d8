#include "base/result.h"
#include "rules/kernels/append.h"

namespace millrace::rules {
namespace {

using columns::Column;
using columns::Kind;
using columns::Layout;

template <class Stored, class Value>
void put_all(const Vector& vector, size_t size, Column& column) {
  columns::Buffer& marks = column.marks();
  marks.reserve(size * sizeof(Stored));
  char* const to = marks.tail();
  const auto put = [to](size_t i, Stored value) { std::memcpy(to + i * sizeof value, &value, sizeof value); };
  const Value* values = vector.data<Value>();
  if (vector.step == 0) {
    const Stored value = vector.is_null(0) ? Stored{} : static_cast<Stored>(*values);
    for (size_t i = 0; i < size; ++i) put(i, value);
  } else if (vector.nulls == nullptr) {
    for (size_t i = 0; i < size; ++i) put(i, static_cast<Stored>(values[i]));
  } else {
    for (size_t i = 0; i < size; ++i) put(i, vector.nulls[i] != 0 ? Stored{} : static_cast<Stored>(values[i]));
  }
  marks.advance(size * sizeof(Stored));
}
void put_texts(const Vector& vector, size_t size, Column& column) {
  if (vector.step == 1) return column.append_texts({vector.data<std::string_view>(), size}, vector.nulls);
  for (size_t i = 0; i < size; ++i) column.append_texts({vector.data<std::string_view>(), 1}, vector.nulls);
}
void put_nulls(const Vector& vector, size_t size, columns::Buffer& marks) {
  if (vector.nulls == nullptr) return marks.append_zeros(size);
  if (vector.step == 1) return marks.append(vector.nulls, size);
  for (size_t i = 0; i < size; ++i) marks.put<uint8_t>(vector.nulls[0]);
}
// Of one scale, and none has more digits than the column.
template <class Stored>
bool put_decimals(const Vector& vector, size_t size, Column& column) {
  if (vector.scale != column.type().scale) return false;
  const Int128 limit = power_of_ten(column.type().precision);
  for (size_t i = 0; i < size; ++i) {
    const Int128 value = vector.is_null(i) ? 0 : vector.at<Int128>(i);
    if (value >= limit || value <= -limit) return false;
  }
  put_all<Stored, Int128>(vector, size, column);
  return true;
}

bool put_values(const Vector& vector, size_t size, Column& column) {
  if (column.layout() == Layout::kString || column.layout() == Layout::kLowCardinality) {
    if (vector.form != Form::kText) return false;
    put_texts(vector, size, column);
    return true;
  }
  switch (column.type().kind) {
    case Kind::kBool: return vector.form == Form::kBool && (put_all<uint8_t, uint8_t>(vector, size, column), true);
    case Kind::kInt64: return vector.form == Form::kInt && (put_all<int64_t, int64_t>(vector, size, column), true);
    case Kind::kUInt64: return vector.form == Form::kUint && (put_all<uint64_t, uint64_t>(vector, size, column), true);
    case Kind::kFloat64: return vector.form == Form::kDouble && (put_all<double, double>(vector, size, column), true);
    case Kind::kDecimal32: return vector.form == Form::kDecimal && put_decimals<int32_t>(vector, size, column);
    case Kind::kDecimal64: return vector.form == Form::kDecimal && put_decimals<int64_t>(vector, size, column);
    case Kind::kDecimal128: return vector.form == Form::kDecimal && put_decimals<Int128>(vector, size, column);
    default: return false;
  }
}

}  // namespace

bool append_all(const Vector& vector, size_t size, Column& column) {
  if (vector.failures != nullptr) return false;
  if (column.layout() == Layout::kNullable) {
    if (!put_values(vector, size, column.child(0))) return false;
    put_nulls(vector, size, column.marks());
    return true;
  }
  if (vector.nulls != nullptr && !columns::is_nullable(column.type())) return false;  // it has no place for null
  return put_values(vector, size, column);
}

}  // namespace millrace::rules
