#pragma once
// What a topic's rules make of events, one at a time, as a worker would: Avro bytes, decoded to a row, through the compiled rules. Nothing is
// written anywhere. One thread.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "avro/decode_program.h"
#include "avro/schema.h"
#include "pipeline/transform/row_transform.h"
#include "tools/rules/row_values.h"
#include "tools/rules/table_file.h"

namespace millrace::rules_tools {

struct FieldValue {
  std::string name;
  columns::Type type;
  Json value;
};
struct TriedAlert {
  std::string rule;
  rules::Severity severity{};
  std::string title, key;
  bool has_key = false;
  std::vector<std::pair<std::string, std::string>> fields;
};
struct TriedMeter {
  std::string rule, value, unit;
  rules::Window window{};
};
struct Tried {
  pipeline::RowFate fate{};
  std::string tenant;      // whose rules they were; "" if there were none
  std::string dropped_by;  // kDropped: the rule; kSampledOut: "sample"
  std::optional<Rejection> rejection;
  std::vector<FieldValue> event;      // as it came
  std::vector<FieldValue> delivered;  // kDelivered: likewise, then what rules made
  std::vector<TriedAlert> alerts;
  std::vector<TriedMeter> meters;
};

class TopicTrial {
 public:
  struct TenantSet {
    std::string tenant;
    std::optional<rules::CheckedTopic> topic;  // none: it has no rules for the topic
  };
  // `tenant_column`: the event's field that names the tenant; "" if all events are the default set's. The error: what doesn't compile.
  static Result<TopicTrial> make(const std::string& topic, avro::SchemaPtr reader, std::vector<TenantSet> sets, const std::vector<Table>& tables,
                                 const std::string& tenant_column);

  // Bytes that the reader's schema wrote, or another one's from `begin` on.
  Tried run(std::string_view bytes) { return run(*own_, bytes, 0); }
  Tried run(const avro::DecodeProgram& program, std::string_view bytes, size_t begin);
  const avro::Schema& reader() const { return *reader_; }

 private:
  TopicTrial() = default;

  avro::SchemaPtr reader_;
  std::shared_ptr<const avro::DecodeProgram> own_;
  pipeline::TopicRulesPtr rules_;
  std::unique_ptr<columns::Block> rows_;
  std::unique_ptr<pipeline::RowTransform> transform_;
};

struct FieldChange {
  std::string name;
  columns::Type type;
  Json before, after;        // null where there is none
  bool made = false;         // by rules
  std::string text() const;  // "amount: 12.50 -> 13.00", "+ gross: 15.47", "- email: \"a@b\""
};
// Fields that differ; made ones that are null or empty are left out.
std::vector<FieldChange> changes_of(const Tried& tried);

}  // namespace millrace::rules_tools
