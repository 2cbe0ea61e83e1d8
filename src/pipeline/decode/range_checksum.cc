#include "pipeline/decode/range_checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::pipeline {

uint64_t range_checksum(uint64_t so_far, const Record& record) {
  // Absent and empty differ, and a byte can't move from the key into the value.
  const uint64_t shape = record.key.size() << 2 | (record.key.data() == nullptr ? 1u : 0u) | (record.null_value ? 2u : 0u);
  uint64_t hash = so_far ^ (static_cast<uint64_t>(record.offset.value) * 0x9e3779b97f4a7c15u) ^ (shape * 0xd1342543de82ef95u);
  if (!record.key.empty()) hash = XXH3_64bits_withSeed(record.key.data(), record.key.size(), hash);
  return XXH3_64bits_withSeed(record.value.data(), record.value.size(), hash);
}

}  // namespace millrace::pipeline
