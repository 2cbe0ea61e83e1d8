#include "base/ids.h"

#include <array>
#include <cstdio>

namespace millrace {

std::string to_string(const Uuid& id) {
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(id.high >> 32), static_cast<unsigned>(id.high >> 16 & 0xffff),
                static_cast<unsigned>(id.high & 0xffff), static_cast<unsigned>(id.low >> 48), static_cast<unsigned long long>(id.low & 0xffffffffffffULL));
  return text;
}

std::string to_string(const TopicPartition& partition) { return partition.topic + "/" + std::to_string(partition.partition.value); }

namespace {

constexpr uint8_t kNoDigit = 0x80;
// By character. A table, and one look at the end whether all were digits: random digits can't be foreseen by a branch.
constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> all{};
  all.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) all[static_cast<size_t>('0' + i)] = i;
  for (uint8_t i = 0; i < 6; ++i) all[static_cast<size_t>('a' + i)] = all[static_cast<size_t>('A' + i)] = static_cast<uint8_t>(10 + i);
  return all;
}();

struct Digits {
  uint64_t value = 0;
  uint8_t seen = 0;  // all of them, or'ed
  void take(const char* text, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const uint8_t digit = kDigits[static_cast<uint8_t>(text[i])];
      seen |= digit;
      value = value << 4 | digit;
    }
  }
};

}  // namespace

bool parse_uuid(const char* text, size_t size, Uuid& id) {
  if (size != 36) return false;
  Digits high, low;
  high.take(text, 8), high.take(text + 9, 4), high.take(text + 14, 4);
  low.take(text + 19, 4), low.take(text + 24, 12);
  const bool dashes = text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
  if (((high.seen | low.seen) & kNoDigit) != 0 || !dashes) return false;
  id = {high.value, low.value};
  return true;
}

Uuid make_uuid_v7(int64_t unix_ms, uint64_t random_high, uint64_t random_low) {
  return {static_cast<uint64_t>(unix_ms) << 16 | 0x7000 | (random_high & 0x0fff), 0x8000000000000000ULL | (random_low >> 2)};
}

}  // namespace millrace
