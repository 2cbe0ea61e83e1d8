#pragma once
// The source topics: records that arrive over time, holes where markers and aborted records stand, partitions added, topics deleted
// and made anew, records gone or differing when they are read again. Each record also counts where it arrived.

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/commit/plan.h"
#include "services/billing/billed_plan.h"
#include "simulation/environment.h"

namespace millrace::simulation {

using pipeline::CatalogHash;
using pipeline::GivenUp;
using pipeline::Plan;
using pipeline::PlanPtr;
using pipeline::PlanRange;

struct LogPartition {
  enum class Kind : uint8_t { kRow, kLetter, kUncertain, kHole };  // uncertain: the lane decides once, in the plan (I5)
  // What a pipeline made of it. Rows: in ClickHouse, or in a file that a manifest names.
  struct Arrived {
    uint8_t rows = 0, letters = 0, alerts = 0, billed = 0;
    bool skipped = false;   // declared to billing, and not to be billed any more
    bool given_up = false;  // by an operator
  };
  struct Record {
    Kind kind;
    uint64_t value;
    int64_t arrives;  // ms since 1970
    bool raises;      // an alert, if it is delivered
    uint8_t usage;    // that billing counts, if it is delivered
    std::array<Arrived, kPipelinesMax> at{};
  };
  TopicPartition name;
  TopicId topic;
  std::vector<Record> records;  // by offset
  int64_t first = 0;            // what is below is gone
  int64_t poison = -1;          // an offset whose making of rows kills the process, when a plan is adopted
  bool damaged = false;         // records are gone or differ: a plan may be refused
  bool deleted = false;         // with its topic
  bool younger = false;         // than the pipeline: starts at 0

  int64_t end(int64_t now) const;  // the high watermark
  int64_t last_end() const { return static_cast<int64_t>(records.size()); }
  PlanRange range(int64_t begin, int64_t end) const;  // with what was read in it
};

// What a plan's output was made of, and by what, whichever sink it goes to.
struct Made {
  int pipeline = 0;  // its number
  PlanPtr plan;
  CatalogHash catalog;
  uint16_t semantics = 0;
  std::vector<GivenUp> given_up;
  std::vector<PlanRange> read;
};
using MadePtr = std::shared_ptr<const Made>;
using Positions = std::vector<std::pair<LogPartition*, int64_t>>;

// The rows of one plan for one table (a topic's).
struct Rows {
  MadePtr made;
  std::string table;
  Positions records;
};
using RowsPtr = std::shared_ptr<const Rows>;

// A plan as billing gets it.
struct Bill {
  MadePtr made;
  billing::BilledPlan order;
  Positions records;  // whose usage is in it
};
using BillPtr = std::shared_ptr<const Bill>;

// What a transaction carries of a record besides offsets.
struct Letter {
  enum class Kind : uint8_t { kDeadLetter, kAlert } kind;
  LogPartition* partition;
  int64_t offset;
  bool operator==(const Letter&) const = default;
};
const char* name(Letter::Kind kind);

std::vector<TopicPartition> partitions_of(const Plan& plan);

class SourceLog {
 public:
  explicit SourceLog(Environment& environment);

  LogPartition* current(const TopicPartition& name);  // nullptr: there is none (any more)
  LogPartition* find(TopicId topic, PartitionId partition);
  std::vector<LogPartition*> current();
  std::deque<LogPartition>& all() { return partitions_; }

  void grow();              // another partition for a topic
  std::string make_anew();  // deletes a topic and makes it again; its name
  Rows rows(const MadePtr& made, const std::string& table);
  Bill bill(const MadePtr& made, const std::string& pipeline, uint32_t generation);
  static std::string tenant_of(const LogPartition::Record& record);
  std::vector<Letter> letters(Letter::Kind kind, const Plan& plan, const std::vector<TopicPartition>& of, const std::vector<GivenUp>& given_up);
  // Does this record become a dead letter, if these were given up?
  static bool dead(const std::vector<GivenUp>& given_up, size_t range, const LogPartition& partition, int64_t offset);

 private:
  LogPartition& add(const std::string& topic, int32_t partition, TopicId id);
  Environment& env_;
  std::deque<LogPartition> partitions_;  // their addresses last
  uint64_t topics_ = 0;
};

}  // namespace millrace::simulation
