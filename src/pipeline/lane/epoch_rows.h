#pragma once
// The rows of an epoch in the making: records go in, one partition's run at a time, are decoded and go through their tenants' rules; blocks by
// topic, ranges with their alerts, and rejected records come out. Made by a lane that collects its next epoch and by one that makes a found plan's rows again, with the same code (I4). One thread.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "columns/block.h"
#include "pipeline/decode/record_decoder.h"
#include "pipeline/decode/rejected_record.h"
#include "pipeline/lane/catalog.h"
#include "pipeline/lane/usage_sums.h"
#include "pipeline/sinks/alerts/alert.h"
#include "pipeline/transform/row_transform.h"

namespace millrace::pipeline {

struct TopicRows {
  std::string topic;
  columns::Block rows;
};

struct CollectedRange {
  TopicPartition partition;
  OffsetRange offsets;
  uint32_t records = 0;
  uint32_t dropped = 0;  // of them, by rules
  size_t bytes = 0;      // of keys and values
  uint64_t checksum = 0;
  std::vector<Alert> alerts;  // in the order of records, and of their tenants' rules
  size_t alert_bytes = 0;
  UsageSums usage;                                         // of the delivered ones
  std::vector<std::pair<Offset, RejectionCode>> given_up;  // dead letters for a reason that could differ next time (I5)
  std::vector<std::pair<int64_t, uint32_t>> timestamps;    // of the records, ms since 1970, and how many in a row had it
};

// What rules did to the rows of a tenant.
struct TenantRows {
  uint64_t delivered = 0, dropped = 0, rejected = 0;
};

// What epochs leave to those that follow, so that a warm one allocates nothing: blocks that were written, to be filled again; the rules' scratch.
// One a lane.
class EpochMemory {
 public:
  columns::Block take(const std::string& topic, const std::vector<columns::NamedType>& columns);
  void give_back(const std::string& topic, columns::Block block);
  RowTransform& transform() { return transform_; }

  // For metrics; whoever reads them takes them. Rows that are read again count again.
  struct RuleFigures {
    std::map<std::string, TenantRows, std::less<>> tenants;
    uint64_t alerts = 0, metered = 0;
    std::chrono::nanoseconds time{};
  };
  RuleFigures& figures() { return figures_; }

 private:
  std::map<std::string, std::vector<columns::Block>> blocks_;
  RowTransform transform_;
  RuleFigures figures_;
};

class EpochRows {
 public:
  struct Progress {
    enum class Why {
      kAll,
      kFull,          // no place for another given-up record: close the epoch
      kSchemaAwaited  // the next record's schema isn't known yet: `reason`
    };
    size_t records = 0;  // of the run, from its beginning, that are taken
    Why why = Why::kAll;
    std::string reason;
  };

  EpochRows(CatalogPtr catalog, SchemaCache& schemas, EpochMemory& memory, GivenUpPolicy policy = GivenUpPolicy::kDecide);
  EpochRows(EpochRows&&) = default;
  EpochRows& operator=(EpochRows&&) = default;

  // A partition's range in this epoch; before its first records. kAsGiven: with what the plan gives up of it.
  void begin_range(const TopicPartition& partition, Offset begin, std::vector<std::pair<Offset, RejectionCode>> given_up = {});
  bool has_range(const TopicPartition& partition) const { return ranges_.contains(partition); }
  // Records of a partition whose range was begun, from where it ends so far. `given_up_max`: so many more may be given up (kDecide).
  // Ends early (kAll) when asking for schemas took longer than `step`.
  Progress append(const RecordRun& run, size_t given_up_max, std::chrono::milliseconds schema_patience,
                  std::chrono::milliseconds step = std::chrono::hours(24));
  // Throws away what was collected of these.
  void drop(const std::vector<TopicPartition>& partitions);

  bool empty() const { return records_ == 0; }
  size_t records() const { return records_; }
  size_t bytes() const { return bytes_ + alert_bytes_; }  // of keys and values, and what alerts take: a storm of them fills an epoch, too
  size_t alert_bytes() const { return alert_bytes_; }
  const CatalogPtr& catalog() const { return catalog_; }
  const std::map<TopicPartition, CollectedRange>& ranges() const { return ranges_; }
  const std::vector<RejectedRecord>& rejected() const { return rejected_; }
  // A row for each range that rules left records out of: where it is, and how many. What clickhouse::kLeftOutTable gets.
  columns::Block left_out() const;
  std::vector<TopicRows> take_rows();  // of topics that have any; the others go back to the pool

 private:
  struct Topic {
    const TopicRules* rules = nullptr;  // the catalog's; none: there are no rules
    RecordDecoder decoder;
    columns::Block rows;
  };
  Topic& topic_of(const std::string& name);
  static DecodeAttempt as_given(const Record& record, RejectionCode code);
  Progress decode(Topic& topic, CollectedRange& range, const RecordRun& run, size_t given_up_max, std::chrono::milliseconds schema_patience,
                  std::chrono::milliseconds step);
  void transform(Topic& topic, CollectedRange& range, const RecordRun& run, size_t first_row);
  void reject(const RecordRun& run, size_t index, DecodeAttempt&& attempt);
  void raise(CollectedRange& range, const RecordRun& run, size_t index, const RaisedAlert& raised);

  CatalogPtr catalog_;
  SchemaCache* schemas_;
  EpochMemory* memory_;
  GivenUpPolicy policy_;
  std::map<std::string, Topic> topics_;
  std::map<TopicPartition, CollectedRange> ranges_;
  std::vector<RejectedRecord> rejected_;
  std::vector<uint32_t> records_of_rows_;  // of the run: which record each row was
  size_t records_ = 0, bytes_ = 0, alert_bytes_ = 0;
};

}  // namespace millrace::pipeline
