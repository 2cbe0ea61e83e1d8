#pragma once
// A dense register: one value for each entry of an evaluation. Which C++ type a value has follows from its rules::Type alone.
//
//   bool                uint8_t
//   int, duration       int64_t (a duration: nanoseconds)
//   uint                uint64_t
//   double              double
//   string, bytes       std::string_view into a block, a parameter table or the evaluation's arena
//   timestamp           Int128: nanoseconds since 1970 in UTC (the years 1 to 9999 need more than 64 bits)
//   decimal             Int128, its scale in Vector::scale; Int256 with more than 38 digits
//   list, map           Range of the entries of children[0] (elements, or keys) and children[1] (values)
//
// Entries that are null or have failed hold a value too, of no meaning but safe to compute with.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "columns/buffer.h"
#include "rules/kernels/wide_integer.h"
#include "rules/type.h"

namespace millrace::rules {

enum class Form : uint8_t { kNothing, kBool, kInt, kUint, kDouble, kDuration, kText, kTimestamp, kDecimal, kWideDecimal, kList, kMap };

Form form_of(const Type& type);  // kNothing for null and for the elements of []
size_t width_of(Form form);      // bytes of a value

struct Range {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

enum class FailureCode : uint8_t {
  kNone,
  kNull,  // an operator was given null, which a guard kept from it on rows that didn't fail
  kIntOverflow,
  kUintOverflow,
  kDecimalOverflow,
  kDurationOverflow,
  kTimestampRange,
  kDivisionByZero,
  kOutsideList,
  kNoSuchKey,
  kRepeatedKey,
  kOutsideText,
  kNegativeLength,
  kNotANumber,  // int("x"), decimal("x", 2), decimal(double("NaN"), 2)
  kNotABool,
  kNotATimestamp,
  kNotADuration,
  kNotUtf8,
  kNotBillable,  // a meter's value, tenant or time that billing wouldn't take
};
const char* describe(FailureCode code);  // "division by zero"

// Why an entry has no value: the code, and which part of the expression failed (its place in preorder: Program, "shape").
struct Failure {
  uint32_t bits = 0;
  Failure() = default;
  explicit Failure(uint32_t word) : bits(word) {}
  Failure(FailureCode code, uint32_t place) : bits(static_cast<uint32_t>(code) << 24 | place) {}
  FailureCode code() const { return static_cast<FailureCode>(bits >> 24); }
  uint32_t place() const { return bits & 0xFFFFFF; }
  explicit operator bool() const { return bits != 0; }
};

// A view; who owns the memory says how long it lives.
struct Vector {
  Form form = Form::kNothing;
  uint8_t scale = 0;
  uint32_t step = 1;  // 0: the same value, null and failure for every entry
  size_t size = 0;    // entries in memory: 1 if step is 0
  const void* values = nullptr;
  const uint8_t* nulls = nullptr;      // 1 is null; none: no entry is
  const uint32_t* failures = nullptr;  // Failure::bits; none: no entry has failed
  const Vector* children[2] = {nullptr, nullptr};

  template <class T>
  const T* data() const {
    return static_cast<const T*>(values);
  }
  template <class T>
  const T& at(size_t entry) const {
    return data<T>()[entry * step];
  }
  bool is_null(size_t entry) const { return nulls != nullptr && nulls[entry * step] != 0; }
  Failure failure(size_t entry) const { return failures == nullptr ? Failure() : Failure(failures[entry * step]); }
};

// A vector with memory of its own, which it keeps: a warm store allocates nothing. It stays where it is while views of it exist.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Vector& vector() const { return vector_; }
  // So many values of no meaning yet, no nulls, no failures.
  template <class T>
  T* reset(Form form, size_t size) {
    return static_cast<T*>(reset(form, size));
  }
  void* reset(Form form, size_t size);
  void* reset_to_zero(Form form, size_t size);  // every value is the default one
  uint8_t* make_nulls();                        // zeros, for as many entries as there are
  uint32_t* make_failures();
  void drop_nulls() { vector_.nulls = nullptr; }
  void drop_failures() { vector_.failures = nullptr; }
  uint32_t* own_failures() { return reinterpret_cast<uint32_t*>(failures_.data()); }  // after make_failures()
  void add_nulls(const uint8_t* nulls);                                               // to those that are there already; nullptr: none
  void set_step(uint32_t step) { vector_.step = step; }
  void set_scale(uint8_t scale) { vector_.scale = scale; }
  void alias(const Vector& other) { vector_ = other; }    // shows what another one owns
  void show(Form form, const void* values, size_t size);  // values that stand elsewhere, without nulls and failures
  Store& child(size_t index);                             // made when it is first asked for; visible in vector()
  void set_child(size_t index, const Vector* other) { vector_.children[index] = other; }

  // Appending: entries of `from` (all of them, or those at `entries`), deep; failures stay behind. The first append to a store that was
  // reset with 0 entries decides the form.
  void append(const Vector& from);
  void append(const Vector& from, const uint32_t* entries, size_t count);
  template <class T>
  const T* own() const {
    return reinterpret_cast<const T*>(values_.data());
  }
  columns::Buffer& positions() { return positions_; }  // scratch of who fills it

 private:
  size_t grow(const Vector& from, size_t count);  // room for so many more; where they begin
  Vector vector_;
  columns::Buffer values_, nulls_, failures_, positions_;
  std::unique_ptr<Store> children_[2];
};

}  // namespace millrace::rules
