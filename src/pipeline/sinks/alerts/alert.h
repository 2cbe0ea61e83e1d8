#pragma once
// An alert as it stands on the alert topic: key, and an Avro datum of contracts/avro/millrace.alert.avsc in Confluent's frame. A function of the
// record, its rule and the catalog (I4): nothing in it knows the clock, the plan or the batch.
//
// It is small whatever the event holds, so that it can't be refused once its plan is made: texts are cut, and it says so (docs/rules.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "clients/kafka/types.h"
#include "rules/rule_set.h"

namespace millrace::pipeline {

// What an alert says. Views: nothing is kept.
struct AlertContent {
  std::string_view topic;
  PartitionId partition;
  Offset offset;
  std::string_view tenant, rule;
  rules::Severity severity{};
  std::string_view title;
  std::string_view key;  // "": the rule has none, and the tenant is the key
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  int64_t event_time_ms = 0;
  std::optional<std::string_view> traceparent;  // the header as it came; none that could be one is left out
  Uuid catalog;
};

class Alert {
 public:
  // Bytes, the cut texts' mark included. Names of rules have at most 64, those of topics 249.
  static constexpr size_t kTitleMax = 1024, kKeyMax = 256, kTenantMax = 256, kFieldMax = 1024;
  static constexpr size_t kFieldsMax = 8192;  // names and values together, as they are encoded
  // What the largest one takes of its topic's max.message.bytes, with the batch around it.
  static constexpr size_t kBytesMax = size_t{12} << 10;

  explicit Alert(const AlertContent& content);

  Offset offset() const { return offset_; }  // of the event
  rules::Severity severity() const { return severity_; }
  size_t bytes() const { return sizeof *this + key_.size() + datum_.size(); }  // of memory, about
  // `value` is filled with the framed datum; views of this, of it, and of `topic`. The record's time is its plan's: like all of it the same
  // whoever sends it.
  kafka::OutgoingRecord outgoing(const std::string& topic, SchemaId schema, int64_t plan_time_ms, std::string& value) const;

 private:
  Offset offset_;
  rules::Severity severity_;
  std::string key_, datum_;
};

// The schema's text, as the registry is given it.
extern const char* const kAlertSchema;

}  // namespace millrace::pipeline
