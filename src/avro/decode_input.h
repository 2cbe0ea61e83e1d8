#pragma once
// How DecodeProgram::append takes its input. Private to decode_program.cc: the macros use its local variables and are undefined at its end.

#include <cstdint>
#include <cstring>

#include "avro/decode_values.h"
#include "base/rejection.h"

namespace millrace::avro {

// One array, map or recursive record that is being read.
struct Frame {
  const uint8_t* end;   // kConstant: the payload's end
  const uint8_t* from;  // kConstant: where the payload goes on
  uint64_t left;        // elements of this block still to come
  uint64_t count;       // elements so far; kCall: where to return
};

inline float to_float(const uint8_t* p) {
  float value;
  std::memcpy(&value, p, sizeof value);
  return value;
}
inline double to_double(const uint8_t* p) {
  double value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

}  // namespace millrace::avro

// One loop over the operations; p is the input. A value that is refused leaves through `refuse` with p where the value began.
// NEED, NUMBER and LENGTH take input or refuse; they are macros so that the common case is straight-line code.
// Behind the operations that events consist of, instead of `break`: a jump of its own for each, so that the processor's predictor
// learns what follows each of them.
#define MILLRACE_NEXT                             \
  switch ((++op)->code) {                         \
    case Code::kText: goto text_value;            \
    case Code::kLongToInt64: goto long_to_int64;  \
    case Code::kIntToInt32: goto int_to_int32;    \
    case Code::kTimestamp: goto timestamp;        \
    case Code::kOptional: goto optional;          \
    case Code::kElementsNext: goto elements_next; \
    default: goto dispatch;                       \
  }
#define MILLRACE_REFUSE(why, words)          \
  {                                          \
    code = RejectionCode::why, what = words; \
    goto refuse;                             \
  }
#define MILLRACE_NEED(size) \
  if (static_cast<size_t>(end - p) < (size)) MILLRACE_REFUSE(kTruncated, "the bytes end inside a value")
#define MILLRACE_NUMBER(result)                                                                          \
  if (const VarintState state = read_varint(p, end, result); state != VarintState::kGood) [[unlikely]] { \
    if (state == VarintState::kTruncated) MILLRACE_REFUSE(kTruncated, "the bytes end inside a number")   \
    MILLRACE_REFUSE(kBadVarint, "a number takes more than 64 bits")                                      \
  }
#define MILLRACE_INT(result)                                      \
  uint64_t raw_##result;                                          \
  const uint8_t* const from_##result = p;                         \
  MILLRACE_NUMBER(raw_##result)                                   \
  const int64_t result = zigzag(raw_##result);                    \
  if (!fits_int(result)) [[unlikely]] {                           \
    p = from_##result;                                            \
    MILLRACE_REFUSE(kBadVarint, "an int takes more than 32 bits") \
  }
#define MILLRACE_LENGTH(result)                                                                                     \
  uint64_t raw_##result;                                                                                            \
  const uint8_t* const from_##result = p;                                                                           \
  MILLRACE_NUMBER(raw_##result)                                                                                     \
  const auto result = static_cast<size_t>(raw_##result >> 1);                                                       \
  if ((raw_##result & 1) != 0 || result > static_cast<size_t>(end - p)) [[unlikely]] {                              \
    p = from_##result;                                                                                              \
    MILLRACE_REFUSE(kBadLength, (raw_##result & 1) != 0 ? "a length is negative" : "a length reaches past the end") \
  }
