#pragma once
// The comparison itself: pure.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/audit/records.h"

namespace millrace::audit {

enum class Kind : uint8_t {
  kMissing,     // in the log, neither in the table nor among the dead letters, nor left out by rules
  kDoubled,     // more than once there, or in both
  kDiffering,   // there, but with another identity or other bytes
  kUnexpected,  // there, but not in the log (read committed); or more were left out by rules than are missing; an alert of a record without a row
};
const char* name(Kind kind);

struct Finding {
  Kind kind{};
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string event_id;  // empty: the record has none
  std::string what;
};

struct Totals {
  uint64_t records = 0, rows = 0, dead_letters = 0;
  uint64_t left_out = 0;               // by tenants' rules: which ones isn't recorded, only how many of each range
  uint64_t readable_dead_letters = 0;  // the audit can read their datum: dead-lettered for another reason than their bytes
  uint64_t alerts = 0;
  uint64_t missing = 0, doubled = 0, differing = 0, unexpected = 0;
  uint64_t wrong() const { return missing + doubled + differing + unexpected; }
  void add(const Totals& other);
};

struct Partition {
  std::string topic;
  int32_t partition = 0;
  // Each sorted by offset, all within the same range of offsets.
  std::span<const LogRecord> records;
  std::span<const Row> rows;
  std::span<const DeadLetter> letters;
  std::span<const LeftOut> left_out;  // by where they begin
  std::span<const Alert> alerts = {};
};

// Counts everything; appends findings while there are fewer than `findings_max`.
Totals compare(const Partition& partition, size_t findings_max, std::vector<Finding>& findings);

}  // namespace millrace::audit
