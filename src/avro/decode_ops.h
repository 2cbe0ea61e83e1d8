#pragma once
// The operations of a DecodeProgram. `column` is a node of the block (columns::Block::nodes()), or kNoColumn.

#include <cstdint>

namespace millrace::avro {

constexpr uint32_t kNoColumn = 0xffffffff;

enum class Code : uint8_t {
  // Numbers: what the writer wrote, then what the column holds.
  kIntToInt32,
  kIntToInt64,
  kIntToFloat32,
  kIntToFloat64,
  kLongToInt64,
  kLongToFloat32,
  kLongToFloat64,
  kFloatToFloat32,
  kFloatToFloat64,
  kDoubleToFloat64,
  kBool,
  kIntToDate32,  // checked against what Date32 holds
  kTimestamp,    // int or long to DateTime64; a: of time_scales
  // Bytes.
  kText,           // a String column, valid UTF-8
  kBytes,          // a String column
  kLowText,        // a LowCardinality column, valid UTF-8
  kFixed,          // a: size
  kFixedToString,  // a: size
  kUuidText,
  kUuidFixed,
  kDecimalBytes,
  kDecimalFixed,  // b: size; a: precision
  // Enums: a: begin in targets, b: number of the writer's symbols. The target is value + 1, or 0.
  kEnum8,
  kEnum16,
  kEnumLow,  // kEnumLow: the value is an index into texts
  // Nulls and unions.
  kNotNull,
  kDefault,
  kOptional,      // a union of null and one other: a: branch of null, b: where to go on after NULL
  kUnion,         // a: begin in targets, b: number of branches
  kUnresolvable,  // a: of texts
  kJump,          // b
  // Arrays and maps. A frame counts their elements.
  kElementsBegin,  // b: its kElementsNext
  kElementsNext,   // a: the body's first op; b: least bytes of an element
  kSkipElementsBegin,
  kSkipElementsNext,  // the same; blocks that tell their size are skipped whole
  kTextElementsNext,  // the same, with commas
  kCall,
  kReturn,
  kEnd,  // a: first op of a record's routine; b: 1 if it may take no bytes
  kConstant,
  kConstantEnd,  // a default value: input is constants[a, a + b) until kConstantEnd
  // Values that the reader doesn't have.
  kSkipVarint,
  kSkipBytes,
  kSkipFixed,  // a: size
  // JSON text, made in the block's scratch buffer.
  kJsonBegin,
  kJsonEnd,  // kJsonEnd appends it to the column
  kJsonRaw,  // a: of texts
  kJsonInt,
  kJsonLong,
  kJsonFloat,
  kJsonDouble,
  kJsonBool,
  kJsonText,
  kJsonBytes,
  kJsonFixed,  // kJsonFixed: a: size
  kJsonEnum,   // as kEnumLow
  kJsonUuidFixed,
  kJsonDecimalBytes,
  kJsonDecimalFixed,  // a: scale; b: size
};

struct Op {
  Code code = Code::kEnd;
  uint32_t column = kNoColumn;
  uint32_t a = 0;
  uint32_t b = 0;
};
static_assert(sizeof(Op) == 16);

// value * multiply / divide (rounded down), which must lie within [least, most].
struct TimeScale {
  int64_t multiply = 1, divide = 1, least = 0, most = 0;
};

}  // namespace millrace::avro
