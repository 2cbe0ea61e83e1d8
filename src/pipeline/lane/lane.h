#pragma once
// One lane: a member of the consumer group, its transactional producer and its sinks, on a thread of its own (run()). It drives the
// protocol core (commit/lane_protocol.h), which alone decides what may be planned, written and committed; the lane carries out.
//
// Each turn of its loop: take records and rebalances from Kafka, decode into the epoch that is being collected, look how far the sinks
// are, close the epoch if it is due, carry out what the core wants. One epoch is written while the next is collected:
//
//   collecting_ ──close──▶ closed_ ──its plan is committed──▶ writing_ ──durable, committed──▶ blocks go back to the pool
//
// It ends by close(), drained; or with an error when it can't go on (its membership was fenced): then another lane takes up what was begun.

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/commit/lane_protocol.h"
#include "pipeline/lane/epoch_rows.h"
#include "pipeline/ingest/ingest.h"
#include "pipeline/lane/epoch_pace.h"
#include "pipeline/lane/lane_metrics.h"
#include "pipeline/lane/lane_sinks.h"
#include "pipeline/lane/plan_rebuild.h"
#include "pipeline/lane/shared.h"
#include "pipeline/lane/transactions.h"

namespace millrace::pipeline {

// The lane's group.instance.id; its transactional id is this behind "millrace-".
std::string member_of(const PipelineSettings& all, int number);

class Lane {
 public:
  // `number` counts the process's lanes from 0.
  static Result<std::unique_ptr<Lane>> create(const LaneContext& context, int number);

  Status run();                      // until it is drained after close(), or can't go on
  void close() { closing_ = true; }  // any thread
  // Any thread: when the loop last turned, ms on the steady clock; how many partitions stand still.
  int64_t turned_ms() const { return turned_ms_; }
  size_t stopped() const { return stopped_count_; }

 private:
  using Clock = std::chrono::steady_clock;
  using milliseconds = std::chrono::milliseconds;

  struct Writing {
    PlanPtr plan;
    EpochRows rows;        // what is left of them once the sink has the blocks: ranges with their alerts, and rejected records
    bool durable = false;  // the sink says so, and the core hasn't been told yet
    bool told = false;
    Clock::time_point since = Clock::now();
  };
  struct Timer {
    Clock::time_point at;
    std::variant<action::ReadOffsets, action::Wait, action::InitProducer, action::ResolveBeginning> what;  // the last: sought again
  };

  Lane(const LaneContext& context, int number, Ingest ingest);

  // lane.cc: the loop and the group
  void turn();
  milliseconds patience() const;
  void leave();
  void serve_group();
  void on_rebalance(const kafka::Rebalance& rebalance);
  void group_asks(const std::vector<TopicPartition>& partitions);
  bool group_gave_up();
  void serve_timers();
  void measure();
  void say_when_still(Clock::time_point now, size_t in_flight, int64_t lag);
  InFlightUsage in_epochs() const;  // taken from ingest, and not committed
  InFlightUsage in_memory() const;  // of these, what isn't put aside on disk

  // lane_epochs.cc: collecting, closing, looking at the sink
  void collect();
  void await_schema(const TopicPartition& partition, const std::string& reason);
  void retry_schemas();
  void look_at_sink();
  void set_pace(const SinkState& durable);
  void step_rebuild();
  void close_if_due();
  bool due() const;
  bool behind() const;  // more waits in the log than another epoch takes
  std::string obstacle() const;
  void tell_rebuilt();
  bool letters_fit();
  PlanPtr make_plan() const;
  void open_epoch();       // collecting_ begins anew, with the newest catalog
  void take_up_catalog();  // where nothing is collected yet
  void measure_budget();
  void tell_durable();

  // lane_actions.cc: what the core wants
  void carry_out();
  void carry_out(const action::InitProducer&);
  void carry_out(const action::ReadOffsets& read);
  void carry_out(const action::ResolveBeginning& resolve) { beginnings_.push_back(resolve); }
  void seek_beginnings();
  void seek_beginning(const action::ResolveBeginning& resolve);
  void carry_out(const action::StartReading& start);
  void carry_out(const action::DropCollected& drop);
  void carry_out(const action::RebuildPlan& rebuild);
  void carry_out(const action::WritePlan& write);
  void carry_out(const action::CancelPlan& cancel);
  void carry_out(const action::Commit& commit);
  void carry_out(const action::Wait& wait);
  void carry_out(const action::Release& release);
  void carry_out(const action::Stopped& stopped);
  void read_offsets(const action::ReadOffsets& read);
  void later(milliseconds after, decltype(Timer::what) what) { timers_.push_back({Clock::now() + after, std::move(what)}); }

  LaneContext context_;
  std::string name_;  // in the log: PIPELINE/NUMBER
  EpochMemory memory_;
  Ingest ingest_;
  Transactions transactions_;
  LaneSinks sinks_;
  std::optional<kafka::Reader> reader_;  // for watermarks and offsets by time
  LaneMetrics metrics_;
  LaneProtocol protocol_;

  EpochRows collecting_;
  EpochPace pace_;
  MetadataBudget budget_;  // of collecting_
  std::optional<Clock::time_point> collecting_since_;
  bool full_ = false;                // collecting_ takes no more
  size_t alert_bytes_a_record_ = 0;  // of late
  std::optional<std::pair<PlanPtr, EpochRows>> closed_;
  std::optional<Writing> writing_;
  std::optional<PlanRebuild> rebuild_;
  bool rebuilt_ = false;       // rebuild_ has all rows, and waits for its alerts' topic
  bool rebuild_told_ = false;  // it waits for WritePlan, or was refused

  std::vector<Timer> timers_;
  std::deque<action::ResolveBeginning> beginnings_;  // to be sought
  struct Awaited {
    Offset from;
    Clock::time_point again;
  };
  std::map<TopicPartition, Awaited> awaiting_schema_;
  std::map<TopicPartition, std::string> stopped_;
  std::optional<Clock::time_point> drain_until_;
  std::vector<TopicPartition> group_asks_;  // back, and wasn't answered yet
  std::optional<int32_t> group_asked_in_;   // the generation; none: nothing is to be answered
  std::set<TopicPartition> lag_shown_;
  int64_t not_collected_ = 0;  // records between what was taken and the ends of the log, as of the last measurement less what came since
  std::optional<Error> fatal_;
  std::string obstacle_said_;
  Clock::time_point measured_{};
  Clock::time_point committed_at_ = Clock::now();  // or when there was nothing to do
  milliseconds still_said_{0};
  std::optional<int64_t> lag_then_;  // the lag, soon after
  std::atomic<bool> closing_{false};
  bool leaving_ = false, consumer_closing_ = false;  // told to close: what is held is drained; and then the consumer closes
  std::atomic<int64_t> turned_ms_{0};
  std::atomic<size_t> stopped_count_{0};
};

}  // namespace millrace::pipeline
