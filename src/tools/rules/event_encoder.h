#pragma once
// Events that people write, as Avro bytes: plain JSON or YAML, by the topic's schema. A union's value stands without its type's name; decimals
// are numbers or texts; dates, times and timestamps are numbers as Avro has them, or texts ("2026-01-31", "12:30:00", RFC 3339); bytes and
// fixed are texts whose characters are bytes, as in Avro's own JSON; doubles may be "NaN", "Infinity", "-Infinity".

#include <expected>
#include <string>

#include "avro/schema.h"
#include "rules/rule_file.h"

namespace millrace::rules_tools {

// A field that is left out has its default, or null where that has a place. Otherwise:
enum class Absent {
  kZero,   // 0, "", false, the first symbol, the time 0 …: an example says what matters in it
  kError,  // it isn't an event of this schema
};

// All that is wrong at once: places of the file, and the field's path.
std::expected<std::string, rules::FileDiagnostics> encode_event(const avro::Schema& schema, const rules::FileNode& event, Absent absent);

}  // namespace millrace::rules_tools
