#pragma once
// Bad records, by kind: what a careless or broken producer sends.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/loadgen/random.h"

namespace millrace::loadgen {

enum class Defect : uint8_t { kNone, kTruncated, kUnknownSchema, kWrongMagic, kEmpty, kTombstone };
inline constexpr size_t kDefects = 6;
const char* name(Defect defect);  // "truncated"; kNone is "good"

struct DefectShares {
  std::array<double, kDefects> share{};  // [kNone] isn't used
  Defect draw(Random& random) const;
  bool any() const;
};
// "truncated=0.001,wrong_magic=0.002": shares of all records, at most 1 together.
Result<DefectShares> parse_defects(std::string_view text);

// Spoils a framed payload. A tombstone's value becomes null: the caller looks at the kind.
void spoil(Defect defect, Random& random, std::string& payload);

}  // namespace millrace::loadgen
