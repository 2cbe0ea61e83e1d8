#include "rules/kernels/vector.h"

#include <algorithm>

#include "base/result.h"

namespace millrace::rules {

Form form_of(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool: return Form::kBool;
    case TypeKind::kInt: return Form::kInt;
    case TypeKind::kUint: return Form::kUint;
    case TypeKind::kDouble: return Form::kDouble;
    case TypeKind::kString:
    case TypeKind::kBytes: return Form::kText;
    case TypeKind::kTimestamp: return Form::kTimestamp;
    case TypeKind::kDuration: return Form::kDuration;
    case TypeKind::kDecimal: return type.precision > kDecimalDigitsMax ? Form::kWideDecimal : Form::kDecimal;
    case TypeKind::kList: return Form::kList;
    case TypeKind::kMap: return Form::kMap;
    default: return Form::kNothing;
  }
}

size_t width_of(Form form) {
  switch (form) {
    case Form::kNothing:
    case Form::kBool: return 1;
    case Form::kInt:
    case Form::kUint:
    case Form::kDouble:
    case Form::kDuration: return 8;
    case Form::kWideDecimal: return 32;
    case Form::kText:
    case Form::kTimestamp:
    case Form::kDecimal:
    case Form::kList:
    case Form::kMap: return 16;
  }
  return 0;
}

const char* describe(FailureCode code) {
  switch (code) {
    case FailureCode::kNone: return "no failure";
    case FailureCode::kNull: return "null, where a value is needed";
    case FailureCode::kIntOverflow: return "the result doesn't fit into an int (64 bits)";
    case FailureCode::kUintOverflow: return "the result doesn't fit into a uint (64 bits)";
    case FailureCode::kDecimalOverflow: return "the result doesn't fit into the decimal's digits";
    case FailureCode::kDurationOverflow: return "the result doesn't fit into a duration (292 years)";
    case FailureCode::kTimestampRange: return "the result isn't within the years 1 to 9999";
    case FailureCode::kDivisionByZero: return "division by zero";
    case FailureCode::kOutsideList: return "the index is outside of the list";
    case FailureCode::kNoSuchKey: return "the key isn't in the map";
    case FailureCode::kRepeatedKey: return "a key stands twice in the map";
    case FailureCode::kOutsideText: return "the position is outside of the text";
    case FailureCode::kNegativeLength: return "a number of characters is negative";
    case FailureCode::kNotANumber: return "this is no such number";
    case FailureCode::kNotABool: return "this is no bool";
    case FailureCode::kNotATimestamp: return "this is no timestamp";
    case FailureCode::kNotADuration: return "this is no duration";
    case FailureCode::kNotBillable:
      return "this can't be billed: a meter takes values below 10^18, tenants with a name of 1 to 1000 bytes, and times from the year 1000 to 9999";
    case FailureCode::kNotUtf8: return "these bytes are no UTF-8";
  }
  return "";
}

void* Store::reset(Form form, size_t size) {
  values_.clear();
  values_.reserve(size * width_of(form));
  values_.advance(size * width_of(form));
  vector_ = {};
  vector_.form = form, vector_.size = size, vector_.values = values_.data();
  return values_.data();
}
void* Store::reset_to_zero(Form form, size_t size) {
  void* values = reset(form, size);
  if (size > 0) std::memset(values, 0, size * width_of(form));
  return values;
}
uint8_t* Store::make_nulls() {
  nulls_.clear(), nulls_.append_zeros(vector_.size);
  auto* nulls = reinterpret_cast<uint8_t*>(nulls_.data());
  vector_.nulls = nulls;
  return nulls;
}
void Store::add_nulls(const uint8_t* nulls) {
  if (nulls == nullptr) return;
  if (vector_.nulls == nullptr) make_nulls();
  auto* own = reinterpret_cast<uint8_t*>(nulls_.data());
  for (size_t i = 0; i < vector_.size; ++i) own[i] |= nulls[i];
}
uint32_t* Store::make_failures() {
  failures_.clear(), failures_.append_zeros(vector_.size * sizeof(uint32_t));
  auto* failures = reinterpret_cast<uint32_t*>(failures_.data());
  vector_.failures = failures;
  return failures;
}
void Store::show(Form form, const void* values, size_t size) {
  vector_ = {};
  vector_.form = form, vector_.size = size, vector_.values = values;
}
Store& Store::child(size_t index) {
  if (!children_[index]) children_[index] = std::make_unique<Store>();
  vector_.children[index] = &children_[index]->vector_;
  return *children_[index];
}

size_t Store::grow(const Vector& from, size_t count) {
  if (vector_.form == Form::kNothing && vector_.size == 0) {
    reset(from.form, 0);
    vector_.scale = from.scale;
  }
  const bool nothing = from.form == Form::kNothing;  // null, or no elements: fits every form
  MILLRACE_CHECK(nothing || vector_.form == from.form, "entries of one form are appended to each other");
  const size_t begin = vector_.size, width = width_of(vector_.form);
  values_.reserve(count * width), values_.advance(count * width);
  vector_.values = values_.data(), vector_.size += count;
  if (vector_.nulls == nullptr && from.nulls != nullptr) {
    nulls_.clear(), nulls_.append_zeros(vector_.size);
  } else if (vector_.nulls != nullptr) {
    nulls_.append_zeros(count);
  } else {
    return begin;
  }
  vector_.nulls = reinterpret_cast<const uint8_t*>(nulls_.data());
  return begin;
}

void Store::append(const Vector& from) { append(from, nullptr, from.size); }

void Store::append(const Vector& from, const uint32_t* entries, size_t count) {
  const size_t begin = grow(from, count);
  const auto source = [&](size_t i) -> size_t { return (entries == nullptr ? i : entries[i]) * from.step; };
  if (vector_.nulls != nullptr && from.nulls != nullptr) {
    auto* nulls = reinterpret_cast<uint8_t*>(nulls_.data()) + begin;
    for (size_t i = 0; i < count; ++i) nulls[i] = from.nulls[source(i)];
  }
  const size_t width = width_of(vector_.form);
  char* out = values_.data() + begin * width;
  if (from.form != vector_.form) {
    if (count > 0) std::memset(out, 0, count * width);
    return;
  }
  const auto* in = static_cast<const char*>(from.values);
  if (vector_.form != Form::kList && vector_.form != Form::kMap) {
    const auto copy = [&]<size_t kWidth>() {
      for (size_t i = 0; i < count; ++i) std::memcpy(out + i * kWidth, in + source(i) * kWidth, kWidth);
    };
    switch (width) {
      case 1: return copy.operator()<1>();
      case 8: return copy.operator()<8>();
      case 16: return copy.operator()<16>();
      default: return copy.operator()<32>();
    }
  }
  // Lists: the elements of each entry behind those that are here.
  auto* ranges = reinterpret_cast<Range*>(out);
  for (size_t c = 0; c < (vector_.form == Form::kMap ? 2U : 1U); ++c) {
    const bool first = vector_.children[c] == nullptr;
    Store& elements = child(c);
    if (first) elements.reset(Form::kNothing, 0);
    uint64_t end = elements.vector_.size;
    positions_.clear();
    for (size_t i = 0; i < count; ++i) {
      const Range range = from.data<Range>()[source(i)];
      for (uint64_t at = range.begin; at < range.end; ++at) positions_.put(static_cast<uint32_t>(at));
      if (c == 0) ranges[i] = {end, end + range.size()};
      end += range.size();
    }
    if (from.children[c] != nullptr) elements.append(*from.children[c], reinterpret_cast<const uint32_t*>(positions_.data()), positions_.size() / 4);
  }
}

}  // namespace millrace::rules
