#pragma once
// What the audit compares: one entry a record of the log, one a row, one a dead letter, one an alert. Sorted by offset within a partition.

#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace millrace::audit {

// The identity of an event, as far as its schema has these fields. Texts are hashed: only equality matters.
struct Identity {
  Uuid event_id;
  uint64_t tenant = 0;
  uint64_t amount = 0;
  bool has_event_id = false, has_tenant = false, has_amount = false;
};

struct LogRecord {
  int64_t offset = 0;
  uint64_t bytes = 0;  // hash of the value, and of its being null
  Identity identity;
  bool readable = false;  // its schema is known and its bytes are a datum of it
};
struct Row {
  int64_t offset = 0;
  Identity identity;
};
// So many records of a range were left out by tenants' rules.
struct LeftOut {
  int64_t begin = 0, end = 0;  // offsets [begin, end)
  uint64_t records = 0;
  bool whole = true;  // false: only a part of it is compared
};
struct DeadLetter {
  int64_t offset = 0;
  uint64_t bytes = 0;
};
struct Alert {
  int64_t offset = 0;  // of the record that raised it
  Uuid id;             // hash of alert_id
};

// Not for hostile input, and only compared within one run: 8 bytes a multiplication.
uint64_t hash_of(std::string_view bytes, uint64_t seed = 0);
inline uint64_t hash_of_value(std::string_view value, bool null) { return hash_of(value, null ? 2 : 1); }
// A uuid as it is, any other text as a hash.
Uuid identity_of_text(std::string_view text);
// An amount in 10^-18 units.
uint64_t identity_of_amount(__int128 amount);

}  // namespace millrace::audit
