#include "avro/decode_program.h"

#include "avro/decode_input.h"
#include "avro/decode_values.h"
#include "avro/json_text.h"
#include "base/result.h"

namespace millrace::avro {
namespace {

using columns::Buffer;
using columns::Column;

}  // namespace

Rejection DecodeProgram::reject(RejectionCode code, const char* what, int64_t byte, uint32_t op) const {
  const std::string& path = paths_[op_paths_[op]];
  return {code, Stage::kDecode, byte, (path.empty() ? std::string() : path + ": ") + what + ", at byte " + std::to_string(byte)};
}

// One loop over the operations, see decode_input.h.
std::expected<void, Rejection> DecodeProgram::append(std::string_view payload, size_t begin, columns::Block& block) const {
  MILLRACE_CHECK(block.nodes_size() >= node_count_ && begin <= payload.size(), "the block begins with the program's columns");
  const auto* const base = reinterpret_cast<const uint8_t*>(payload.data());
  const uint8_t* p = base + begin;
  const uint8_t* end = base + payload.size();
  const uint8_t* constant_at = nullptr;  // where in the payload a default value was filled in
  Column* const* const nodes = block.nodes();
  Buffer& text = block.scratch();
  const Op* const ops = ops_.data();
  const Op* op = ops;
  Frame frames[DecodeLimits::kFrames];
  uint32_t depth = 0;
  int64_t budget = DecodeLimits::kBudget;
  RejectionCode code{};
  const char* what = "";

  // clang-format off: a case and its label stand in one line
  for (;; ++op) {
  dispatch:
    switch (op->code) {
      case Code::kIntToInt32: int_to_int32: {
        MILLRACE_INT(value)
        nodes[op->column]->append(static_cast<int32_t>(value));
        MILLRACE_NEXT
      }
      case Code::kIntToInt64: {
        MILLRACE_INT(value)
        nodes[op->column]->append(value);
        break;
      }
      case Code::kIntToFloat32: {
        MILLRACE_INT(value)
        nodes[op->column]->append(static_cast<float>(value));
        break;
      }
      case Code::kIntToFloat64: {
        MILLRACE_INT(value)
        nodes[op->column]->append(static_cast<double>(value));
        break;
      }
      case Code::kLongToInt64: long_to_int64: {
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        nodes[op->column]->append(zigzag(raw));
        MILLRACE_NEXT
      }
      case Code::kLongToFloat32: {
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        nodes[op->column]->append(static_cast<float>(zigzag(raw)));
        break;
      }
      case Code::kLongToFloat64: {
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        nodes[op->column]->append(static_cast<double>(zigzag(raw)));
        break;
      }
      case Code::kFloatToFloat32:
        MILLRACE_NEED(4)
        nodes[op->column]->append(to_float(p));
        p += 4;
        break;
      case Code::kFloatToFloat64:
        MILLRACE_NEED(4)
        nodes[op->column]->append(static_cast<double>(to_float(p)));
        p += 4;
        break;
      case Code::kDoubleToFloat64:
        MILLRACE_NEED(8)
        nodes[op->column]->append(to_double(p));
        p += 8;
        break;
      case Code::kBool:
        MILLRACE_NEED(1)
        if (*p > 1) MILLRACE_REFUSE(kBadBoolean, "a boolean is neither 0 nor 1")
        nodes[op->column]->append(*p++);
        break;
      case Code::kIntToDate32: {
        const uint8_t* const from = p;
        MILLRACE_INT(value)
        if (value < -25567 || value > 120529) {
          p = from;
          MILLRACE_REFUSE(kOutOfRange, "a date is outside 1900-01-01 to 2299-12-31")
        }
        nodes[op->column]->append(static_cast<int32_t>(value));
        break;
      }
      case Code::kTimestamp: timestamp: {
        const uint8_t* const from = p;
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        int64_t value = zigzag(raw);
        const TimeScale& scale = time_scales_[op->a];
        if (__builtin_mul_overflow(value, scale.multiply, &value)) value = INT64_MAX;
        if (scale.divide != 1) value = value / scale.divide - (value % scale.divide < 0 ? 1 : 0);
        if (value < scale.least || value > scale.most) [[unlikely]] {
          p = from;
          MILLRACE_REFUSE(kOutOfRange, "a timestamp is outside what DateTime64 holds")
        }
        nodes[op->column]->append(value);
        MILLRACE_NEXT
      }
      case Code::kText: text_value: {
        MILLRACE_LENGTH(size)
        if (!append_string(*nodes[op->column], p, end, size) && !valid_utf8(p, size)) [[unlikely]]
          MILLRACE_REFUSE(kBadUtf8, "a string is not UTF-8")
        p += size;
        MILLRACE_NEXT
      }
      case Code::kBytes: {
        MILLRACE_LENGTH(size)
        append_string(*nodes[op->column], p, end, size);
        p += size;
        break;
      }
      case Code::kLowText: {
        MILLRACE_LENGTH(size)
        if (!valid_utf8(p, size)) MILLRACE_REFUSE(kBadUtf8, "a string is not UTF-8")
        nodes[op->column]->append_text({reinterpret_cast<const char*>(p), size});
        p += size;
        break;
      }
      case Code::kFixed:
        MILLRACE_NEED(op->a)
        nodes[op->column]->append_fixed(reinterpret_cast<const char*>(p));
        p += op->a;
        break;
      case Code::kFixedToString:
        MILLRACE_NEED(op->a)
        append_string(*nodes[op->column], p, end, op->a);
        p += op->a;
        break;
      case Code::kUuidText: {
        MILLRACE_LENGTH(size)
        if (!append_uuid_text(*nodes[op->column], p, size)) MILLRACE_REFUSE(kOutOfRange, "a uuid is not of the form 8-4-4-4-12")
        p += size;
        break;
      }
      case Code::kUuidFixed:
        MILLRACE_NEED(16)
        append_uuid_fixed(*nodes[op->column], p);
        p += 16;
        break;
      case Code::kDecimalBytes: {
        MILLRACE_LENGTH(size)
        if (!append_decimal(*nodes[op->column], p, size, op->a)) MILLRACE_REFUSE(kOutOfRange, "a decimal has more digits than its precision")
        p += size;
        break;
      }
      case Code::kDecimalFixed:
        MILLRACE_NEED(op->b)
        if (!append_decimal(*nodes[op->column], p, op->b, op->a)) MILLRACE_REFUSE(kOutOfRange, "a decimal has more digits than its precision")
        p += op->b;
        break;
      case Code::kEnum8: case Code::kEnum16: case Code::kEnumLow: case Code::kJsonEnum: {
        const uint8_t* const from = p;
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        if ((raw & 1) != 0 || (raw >> 1) >= op->b) {
          p = from;
          MILLRACE_REFUSE(kBadEnumSymbol, "an enum has no symbol of that number")
        }
        const uint32_t target = targets_[op->a + (raw >> 1)];
        if (target == 0) {
          p = from;
          MILLRACE_REFUSE(kUnresolvable, "the reader's enum lacks the symbol, and has no default")
        }
        if (op->code == Code::kEnumLow) nodes[op->column]->append_text(texts_[target - 1]);
        else if (op->code == Code::kEnum8) nodes[op->column]->append(static_cast<int8_t>(target - 1));
        else if (op->code == Code::kEnum16) nodes[op->column]->append(static_cast<int16_t>(target - 1));
        else text.append(texts_[target - 1]);
        break;
      }
      case Code::kNotNull: nodes[op->column]->append_not_null(); break;
      case Code::kDefault: nodes[op->column]->append_default(); break;
      case Code::kOptional: optional: {
        MILLRACE_NEED(1)
        if (*p > 2 || (*p & 1) != 0) [[unlikely]] MILLRACE_REFUSE(kBadUnionBranch, "a union has no branch of that number")
        Column& column = *nodes[op->column];
        if (static_cast<uint32_t>(*p++ >> 1) == op->a) {
          column.append_null();
          op = ops + op->b - 1;
        } else if (column.layout() == columns::Layout::kNullable) {
          column.append_not_null();
        }
        MILLRACE_NEXT
      }
      case Code::kUnion: {
        const uint8_t* const from = p;
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        if ((raw & 1) != 0 || (raw >> 1) >= op->b) [[unlikely]] {
          p = from;
          MILLRACE_REFUSE(kBadUnionBranch, "a union has no branch of that number")
        }
        op = ops + targets_[op->a + (raw >> 1)] - 1;
        break;
      }
      case Code::kUnresolvable: MILLRACE_REFUSE(kUnresolvable, texts_[op->a].c_str())
      case Code::kJump: op = ops + op->b - 1; break;
      case Code::kElementsBegin: case Code::kSkipElementsBegin:
        if (depth == DecodeLimits::kFrames) MILLRACE_REFUSE(kTooDeep, "too many values inside each other")
        frames[depth].left = 0, frames[depth].count = 0;
        ++depth;
        op = ops + op->b - 1;
        MILLRACE_NEXT
      case Code::kElementsNext: case Code::kTextElementsNext: case Code::kSkipElementsNext: elements_next: {
        Frame& frame = frames[depth - 1];
        if (frame.left == 0) {
          const uint8_t* const from = p;
          uint64_t raw;
          MILLRACE_NUMBER(raw)
          int64_t count = zigzag(raw);
          if (count == 0) {
            if (op->column != kNoColumn) nodes[op->column]->append_end(frame.count);
            --depth;
            MILLRACE_NEXT
          }
          if (count < 0) {
            MILLRACE_LENGTH(size)
            if (op->code == Code::kSkipElementsNext) {
              p += size, op -= 1;  // this operation again: the next block
              break;
            }
            if (count == INT64_MIN) {
              p = from;
              MILLRACE_REFUSE(kBadLength, "a block's count is out of range")
            }
            count = -count;
          }
          if (op->b != 0 ? static_cast<uint64_t>(count) > static_cast<size_t>(end - p) / op->b
                         : count > budget / DecodeLimits::kEmptyElement) [[unlikely]] {
            p = from;
            if (op->b == 0) MILLRACE_REFUSE(kTooLarge, "too many elements that take no bytes")
            MILLRACE_REFUSE(kBadLength, "a block has more elements than bytes are left for")
          }
          if (op->b == 0) budget -= count * DecodeLimits::kEmptyElement;
          frame.left = static_cast<uint64_t>(count);
        }
        if (op->code == Code::kTextElementsNext) {
          if (frame.count != 0) text.put(',');
          if (text.size() > DecodeLimits::kTextBytes) MILLRACE_REFUSE(kTooLarge, "a value's JSON text is too long")
        }
        --frame.left, ++frame.count;
        op = ops + op->a - 1;
        MILLRACE_NEXT
      }
      case Code::kCall:
        if (depth == DecodeLimits::kFrames) MILLRACE_REFUSE(kTooDeep, "too many values inside each other")
        if (text.size() > DecodeLimits::kTextBytes) MILLRACE_REFUSE(kTooLarge, "a value's JSON text is too long")
        if (op->b != 0 && (budget -= DecodeLimits::kEmptyElement) < 0) MILLRACE_REFUSE(kTooLarge, "too many records that take no bytes")
        frames[depth++].count = static_cast<uint64_t>(op - ops);
        op = ops + op->a - 1;
        break;
      case Code::kReturn: op = ops + frames[--depth].count; break;
      case Code::kConstant: {
        budget -= int64_t{op->b} + 8;
        if (budget < 0 || depth == DecodeLimits::kFrames) MILLRACE_REFUSE(kTooLarge, "too many default values to fill in")
        frames[depth++] = {end, p, 0, 0};
        constant_at = p;
        p = reinterpret_cast<const uint8_t*>(constants_.data()) + op->a;
        end = p + op->b;
        break;
      }
      case Code::kConstantEnd:
        --depth;
        p = frames[depth].from, end = frames[depth].end, constant_at = nullptr;
        break;
      case Code::kSkipVarint: {
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        break;
      }
      case Code::kSkipBytes: {
        MILLRACE_LENGTH(size)
        p += size;
        break;
      }
      case Code::kSkipFixed:
        MILLRACE_NEED(op->a)
        p += op->a;
        break;
      case Code::kJsonBegin: text.clear(); break;
      case Code::kJsonEnd: nodes[op->column]->append_text(text.view()); break;
      case Code::kJsonRaw: text.append(texts_[op->a]); break;
      case Code::kJsonInt: {
        MILLRACE_INT(value)
        json_integer(text, value);
        break;
      }
      case Code::kJsonLong: {
        uint64_t raw;
        MILLRACE_NUMBER(raw)
        json_integer(text, zigzag(raw));
        break;
      }
      case Code::kJsonFloat:
        MILLRACE_NEED(4)
        json_float(text, to_float(p));
        p += 4;
        break;
      case Code::kJsonDouble:
        MILLRACE_NEED(8)
        json_double(text, to_double(p));
        p += 8;
        break;
      case Code::kJsonBool:
        MILLRACE_NEED(1)
        if (*p > 1) MILLRACE_REFUSE(kBadBoolean, "a boolean is neither 0 nor 1")
        text.append(*p++ != 0 ? "true" : "false");
        break;
      case Code::kJsonText: {
        MILLRACE_LENGTH(size)
        if (!valid_utf8(p, size)) MILLRACE_REFUSE(kBadUtf8, "a string is not UTF-8")
        json_string(text, {reinterpret_cast<const char*>(p), size});
        p += size;
        break;
      }
      case Code::kJsonBytes: {
        MILLRACE_LENGTH(size)
        json_bytes(text, {reinterpret_cast<const char*>(p), size});
        p += size;
        break;
      }
      case Code::kJsonFixed:
        MILLRACE_NEED(op->a)
        json_bytes(text, {reinterpret_cast<const char*>(p), op->a});
        p += op->a;
        break;
      case Code::kJsonUuidFixed:
        MILLRACE_NEED(16)
        json_uuid(text, p);
        p += 16;
        break;
      case Code::kJsonDecimalBytes: {
        MILLRACE_LENGTH(size)
        if (!json_decimal(text, p, size, op->a)) MILLRACE_REFUSE(kOutOfRange, "a decimal takes more than 256 bits")
        p += size;
        break;
      }
      case Code::kJsonDecimalFixed:
        MILLRACE_NEED(op->b)
        if (!json_decimal(text, p, op->b, op->a)) MILLRACE_REFUSE(kOutOfRange, "a decimal takes more than 256 bits")
        p += op->b;
        break;
      case Code::kEnd:
        if (p != end) [[unlikely]] MILLRACE_REFUSE(kTrailingBytes, "bytes are left behind the datum")
        return {};
    }
  }
  // clang-format on

refuse:
  block.truncate_columns(0, columns_.size());
  return std::unexpected(reject(code, what, (constant_at != nullptr ? constant_at : p) - base, static_cast<uint32_t>(op - ops)));
}

#undef MILLRACE_NEXT
#undef MILLRACE_REFUSE
#undef MILLRACE_NEED
#undef MILLRACE_NUMBER
#undef MILLRACE_INT
#undef MILLRACE_LENGTH

}  // namespace millrace::avro
