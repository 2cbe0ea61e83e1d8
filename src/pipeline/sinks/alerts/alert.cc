#include "pipeline/sinks/alerts/alert.h"

#include <algorithm>

#include "avro/encoder.h"
#include "pipeline/sinks/alerts/bounded_text.h"

namespace millrace::pipeline {

namespace {

constexpr size_t kTraceparentMax = 128;  // version 00 has 55
constexpr size_t kLengths = 4;           // of a field's name and value, at most

// Kafka's header is any bytes, Avro's string is not.
bool could_be_traceparent(std::string_view value) {
  return !value.empty() && value.size() <= kTraceparentMax &&
         std::ranges::all_of(value, [](char c) { return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

// In the rule's order as far as they go; what has no place is left out, its name too.
std::vector<std::pair<std::string_view, std::string>> bounded_fields(const AlertContent& content, bool& truncated) {
  std::vector<std::pair<std::string_view, std::string>> fields;
  size_t left = Alert::kFieldsMax;
  for (const auto& [name, value] : content.fields) {
    const size_t before = name.size() + kLengths;
    if (before + kCutMark.size() > left) {
      truncated = true;
      continue;
    }
    left -= before;
    fields.emplace_back(name, bounded_text(value, std::min(Alert::kFieldMax, left), truncated));
    left -= fields.back().second.size();
  }
  return fields;
}

}  // namespace

Alert::Alert(const AlertContent& content) : offset_(content.offset), severity_(content.severity) {
  bool truncated = false;
  const std::string tenant = bounded_text(content.tenant, kTenantMax, truncated), title = bounded_text(content.title, kTitleMax, truncated);
  const auto fields = bounded_fields(content, truncated);
  key_ = content.key.empty() ? tenant : bounded_text(content.key, kKeyMax, truncated);
  std::string id(content.topic);
  id += '/' + std::to_string(content.partition.value) + '/' + std::to_string(content.offset.value) + '/';
  id += content.rule;

  avro::Encoder encoder(datum_);
  encoder.string(id);
  encoder.string(content.topic);
  encoder.integer(content.partition.value);
  encoder.long_(content.offset.value);
  encoder.string(tenant);
  encoder.string(content.rule);
  encoder.enum_symbol(static_cast<int>(content.severity));
  encoder.string(title);
  encoder.string(key_);
  encoder.block(static_cast<int64_t>(fields.size()));
  for (const auto& [name, value] : fields) encoder.string(name), encoder.string(value);
  encoder.end_blocks();
  encoder.boolean(truncated);
  encoder.long_(content.event_time_ms);
  if (content.traceparent && could_be_traceparent(*content.traceparent)) {
    encoder.union_branch(1);
    encoder.string(*content.traceparent);
  } else {
    encoder.union_branch(0);
  }
  encoder.string(to_string(content.catalog));
  datum_.shrink_to_fit();
}

kafka::OutgoingRecord Alert::outgoing(const std::string& topic, SchemaId schema, int64_t plan_time_ms, std::string& value) const {
  value.assign(1, '\0');  // Confluent's frame (decode/frame.h)
  for (int shift = 24; shift >= 0; shift -= 8) value += static_cast<char>(static_cast<uint32_t>(schema.value) >> shift);
  value += datum_;
  kafka::OutgoingRecord record;
  record.topic = topic;
  record.key = key_;
  record.value = value;
  record.timestamp_ms = plan_time_ms;
  return record;
}

}  // namespace millrace::pipeline
