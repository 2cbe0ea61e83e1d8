#pragma once
// The rows of an epoch in the making: records go in, one partition's run at a time, are decoded and go through their tenants' rules; blocks by
// topic, ranges with their alerts, and rejected records come out. Made by a lane that collects its next epoch and by one that makes a found plan's rows again, with the same code (I4). One thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "columns/block.h"
#include "pipeline/decode/record_decoder.h"
#include "pipeline/decode/rejected_record.h"
#include "pipeline/lane/catalog.h"
#include "pipeline/lane/usage_sums.h"
#include "pipeline/sinks/alerts/alert.h"
#include "pipeline/sinks/warehouse/row_spool.h"
#include "pipeline/transform/row_transform.h"

namespace millrace::pipeline {

// Of a topic, or, where rows are put aside, of one partition of it.
struct TopicRows {
  std::string topic;
  columns::Block rows;
  SpooledRows before{};  // on disk: those that come before `rows`
};

// Rows of epochs that are longer than memory is large: kept apart by partition, so that their order is that of the plan's ranges and their offsets whoever reads them, and
// put aside on disk when there are too many.
struct SpoolSettings {
  std::string folder;
  size_t bytes_in_memory = size_t{16} << 20;  // of a lane's rows while they are collected
  // Of the records that these were made of, which may be larger than what is left of them.
  size_t record_bytes_in_memory = size_t{8} << 20, records_in_memory = 100'000;
  std::string time_column;  // of events
};

struct CollectedRange {
  TopicPartition partition;
  OffsetRange offsets;
  uint32_t records = 0;
  uint32_t dropped = 0;  // of them, by rules
  size_t bytes = 0;      // of keys and values
  size_t rejected_bytes = 0;
  uint32_t records_aside = 0;  // on disk
  size_t bytes_aside = 0;      // of keys and values that aren't in memory any more
  uint64_t checksum = 0;
  std::vector<Alert> alerts;  // in the order of records, and of their tenants' rules
  size_t alert_bytes = 0;
  UsageSums usage;                                         // of the delivered ones
  std::vector<std::pair<Offset, RejectionCode>> given_up;  // dead letters for a reason that could differ next time (I5)
  std::vector<std::pair<int64_t, uint32_t>> timestamps;    // of the records, ms since 1970, and how many in a row had about that
};

// What rules did to the rows of a tenant.
struct TenantRows {
  uint64_t delivered = 0, dropped = 0, rejected = 0;
};

// What epochs leave to those that follow, so that a warm one allocates nothing: blocks that were written, to be filled again; the rules' scratch.
// One a lane.
class EpochMemory {
 public:
  explicit EpochMemory(std::optional<SpoolSettings> spool = std::nullopt) : spool_(std::move(spool)) {}
  const std::optional<SpoolSettings>& spool() const { return spool_; }  // none: an epoch's rows stay in memory
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
  std::optional<SpoolSettings> spool_;
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
  // Puts rows aside on disk when there are too many in memory. An error: they stay, and the next call tries again.
  Status make_room();
  // Throws away what was collected of these.
  void drop(const std::vector<TopicPartition>& partitions);

  bool empty() const { return records_ == 0; }
  size_t records() const { return records_; }
  size_t bytes() const { return bytes_ + alert_bytes_; }  // of keys and values, and what alerts take: a storm of them fills an epoch, too
  size_t alert_bytes() const { return alert_bytes_; }
  // Of records() and bytes(), what isn't put aside on disk; rejected records never are.
  size_t records_in_memory() const { return records_ - records_aside_; }
  size_t bytes_in_memory() const { return bytes() - bytes_aside_; }
  const CatalogPtr& catalog() const { return catalog_; }
  const std::map<TopicPartition, CollectedRange>& ranges() const { return ranges_; }
  const std::vector<RejectedRecord>& rejected() const { return rejected_; }
  // A row for each range that rules left records out of: where it is, and how many. What clickhouse::kLeftOutTable gets.
  columns::Block left_out() const;
  std::vector<TopicRows> take_rows();  // of topics that have any, in their order, and in that of partitions; the others go back to the pool

 private:
  struct Topic {
    const TopicRules* rules = nullptr;  // the catalog's; none: there are no rules
    RecordDecoder decoder;
    std::map<PartitionId, TopicRows> parts{};  // one for all partitions where rows aren't put aside
  };
  Topic& topic_of(const std::string& name);
  columns::Block& rows_of(Topic& topic, const TopicPartition& partition);
  Status put_aside(TopicRows& rows) const;
  static DecodeAttempt as_given(const Record& record, RejectionCode code);
  Progress decode(Topic& topic, columns::Block& rows, CollectedRange& range, const RecordRun& run, size_t given_up_max,
                  std::chrono::milliseconds schema_patience, std::chrono::milliseconds step);
  void transform(Topic& topic, columns::Block& rows, CollectedRange& range, const RecordRun& run, size_t first_row);
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
  size_t records_aside_ = 0, bytes_aside_ = 0;
  std::shared_ptr<RowSpool> spool_;  // from the first row that is put aside on
  size_t looked_at_bytes_ = 0;       // bytes_ when it was last looked how much is in memory
};

}  // namespace millrace::pipeline
