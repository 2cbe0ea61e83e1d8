#include "base/ids.h"

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
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

bool parse_uuid(const char* text, size_t size, Uuid& id) {
  if (size != 36) return false;
  uint64_t halves[2] = {0, 0};
  int digits = 0;
  for (size_t i = 0; i < 36; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
      continue;
    }
    const int digit = hex_digit(text[i]);
    if (digit < 0) return false;
    halves[digits / 16] = halves[digits / 16] << 4 | static_cast<uint64_t>(digit);
    ++digits;
  }
  id = {halves[0], halves[1]};
  return true;
}

Uuid make_uuid_v7(int64_t unix_ms, uint64_t random_high, uint64_t random_low) {
  return {static_cast<uint64_t>(unix_ms) << 16 | 0x7000 | (random_high & 0x0fff), 0x8000000000000000ULL | (random_low >> 2)};
}

}  // namespace millrace
