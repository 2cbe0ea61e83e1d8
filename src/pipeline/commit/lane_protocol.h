#pragma once
// The epoch protocol's core: what a lane does, and in which order, so that every event lands exactly once. A pure state machine:
// no I/O, no clock, no thread. Events go in, actions come out of take_actions() and are carried out in their order; the lane
// (lane/lane.h) and the simulation (tests/simulation) both drive it. ARCHITECTURE.md explains the protocol and names the
// invariants I1 … I7 that the comments speak of.
//
// One commit, one offset read of a partition and one plan are under way at a time. An answer carries the number of its request;
// answers to what was forgotten meanwhile are ignored.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/commit/plan.h"

namespace millrace::pipeline {

// Every rule that the proof rests on, each of which can be taken away to show that the simulation notices (a canary).
struct LaneGuards {
  bool plan_before_write = true;       // I1: no sink sees a range before its plan is committed
  bool durable_before_commit = true;   // I2: offsets move only after every sink is durable
  bool own_partitions_only = true;     // a lane commits only partitions that it holds
  bool still_this_plan = true;         // and of an adopted plan only those whose committed metadata is still that plan
  bool no_answer_is_no_yes = true;     // a commit of unknown outcome isn't taken for done
  bool no_answer_is_no_no = true;      // nor is it simply sent again
  bool stable_offsets = true;          // offsets are read only when no commit of them is pending
  bool forget_what_moved = true;       // a plan doesn't outlive the loss of one of its partitions
  bool finish_found_plans = true;      // I3: a plan found in the metadata is completed before anything else
  bool count_adoptions = true;         // an adoption is counted, in the metadata, before it could kill its worker
  bool drain_before_release = true;    // I6: a revoked partition is let go only when its epoch is committed or forgotten
  bool check_mark = true;              // I7: an offset without our mark, or with another offset in it, stops the partition
  bool check_topic_id = true;          // I7: so does an offset of a topic that was made anew
  bool commit_beginning = true;        // I7: a beginning is committed before it is read from
  bool ask_sinks_at_beginning = true;  // I7: no offset, where a sink has rows, stops the partition
  bool know_catalog = true;            // I4: a plan of an unknown catalog version waits
  bool know_row_semantics = true;      // I4: so does one of an unknown row semantics
};

// What a stable read of one partition's committed offset said.
struct CommittedRead {
  enum class State { kOffset, kNone, kUnstable, kFailed };
  TopicPartition partition;
  State state = State::kFailed;
  Offset offset;  // kOffset (and kUnstable: the older one, which must not be used)
  std::string metadata;
  TopicId topic_id;  // the topic's id now
};

enum class CommitAnswer {
  kYes,
  kRefused,  // surely not committed, and the producer lives on: fenced by the group, or aborted for a passing reason
  kUnknown,  // nobody knows: the producer is dropped
};

namespace action {

using std::chrono::milliseconds;

// A producer under the lane's transactional id, initialised: answer producer_ready(). A former one is dropped.
struct InitProducer {};
// Answer offsets_read(number, …) with one entry a partition, not before `after` has passed.
struct ReadOffsets {
  uint64_t number;
  std::vector<TopicPartition> partitions;
  milliseconds after;
};
// No offset is committed: find where the pipeline starts in this partition and whether a sink has rows of it. Answer
// beginning_found(number, …) or beginning_refused(number, …).
struct ResolveBeginning {
  uint64_t number;
  TopicPartition partition;
  TopicId topic_id;
};
// Read from here for epochs to come.
struct StartReading {
  TopicPartition partition;
  Offset begin;
};
// Stop reading these and throw away what was collected of them for the next epoch. `reopened`, where set, is a closed epoch that is
// open again: what it holds of other partitions is collected, and not yet planned. (A closed epoch that is being committed stays closed.)
struct DropCollected {
  std::vector<TopicPartition> partitions;
  PlanPtr reopened;
};
// Read all ranges of the plan again and make its rows. Answer plan_rebuilt() or plan_refused().
struct RebuildPlan {
  PlanPtr plan;
};
// Write it to all idempotent sinks. A fresh plan's rows are the ones collected, an adopted one's were rebuilt.
// Answer plan_durable() or plan_refused().
struct WritePlan {
  PlanPtr plan;
  bool fresh;
};
// Stop writing or rebuilding it, throw its rows away.
struct CancelPlan {
  PlanPtr plan;
};
// One transaction: these offsets with their metadata, and, where `lands` is set, its alerts and dead letters of the partitions
// `landing`. Answer committed(number, …).
struct Commit {
  struct Entry {
    TopicPartition partition;
    Offset offset;
    std::string metadata;
  };
  uint64_t number;
  std::vector<Entry> offsets;
  PlanPtr lands;
  std::vector<TopicPartition> landing;
};
// Wait before going on: answer waited(number).
struct Wait {
  uint64_t number;
  milliseconds time;
};
// The group may have these: answer the revocation, or the loss.
struct Release {
  std::vector<TopicPartition> partitions;
};
// The partition stands still, for this reason, until something changes: its offset is looked at again from time to time.
struct Stopped {
  TopicPartition partition;
  std::string reason;
};

}  // namespace action

using Action = std::variant<action::InitProducer, action::ReadOffsets, action::ResolveBeginning, action::StartReading, action::DropCollected,
                            action::RebuildPlan, action::WritePlan, action::CancelPlan, action::Commit, action::Wait, action::Release, action::Stopped>;

class LaneProtocol {
 public:
  // An adoption whose rows are begun for this many times, and never stood, stops the partition: it kills its workers.
  static constexpr int kAdoptionsMax = 8;

  // `row_semantics`: the binary's own number (the simulation upgrades binaries).
  explicit LaneProtocol(const LaneGuards& guards = {}, uint16_t row_semantics = kRowSemantics);

  // Events. The group's:
  void assigned(const std::vector<TopicPartition>& partitions);
  void revoked(const std::vector<TopicPartition>& partitions);  // Release follows, at once or when the epoch is committed
  void lost(const std::vector<TopicPartition>& partitions);     // Release follows at once
  void drain_deadline_passed();                                 // forgets what still holds back a Release
  // Answers.
  void producer_ready();
  void offsets_read(uint64_t number, const std::vector<CommittedRead>& reads);
  void beginning_found(uint64_t number, const TopicPartition& partition, Offset begin);
  void beginning_refused(uint64_t number, const TopicPartition& partition, const std::string& reason);
  void plan_rebuilt(PlanId plan);
  void plan_durable(PlanId plan);
  void plan_refused(PlanId plan, const std::string& reason);  // it can't be completed as things are: stops its partitions
  void committed(uint64_t number, CommitAnswer answer);
  void waited(uint64_t number);
  // Reading can't go on (the offset is gone from the log, not authorised …): stops the partition.
  void reading_failed(const TopicPartition& partition, const std::string& reason);
  // A catalog version that this process holds.
  void catalog_known(CatalogHash hash);
  // The next epoch is closed; its rows are collected. Only when wants_epoch(); every range begins at next_begin() of its
  // partition. From here on the epoch is the protocol's: WritePlan (fresh), or DropCollected.
  void epoch_closed(PlanPtr plan);

  std::vector<Action> take_actions();  // in their order

  bool wants_epoch() const;                                                       // an epoch closed now is taken up; asked anew after each event
  bool seeks_beginning(uint64_t number, const TopicPartition& partition) const;   // the search of this number is still wanted
  bool may_plan(const TopicPartition& partition) const;                           // it is read, and not about to go
  std::optional<Offset> next_begin(const TopicPartition& partition) const;        // where its next range begins
  std::optional<TopicId> topic_id(const TopicPartition& partition) const;         // of the topic that its offset was committed for
  std::optional<Offset> committed_offset(const TopicPartition& partition) const;  // as far as it was read since the partition is held
  bool idle() const;                                                              // nothing is in flight, closed, or being committed
  bool draining() const;                                                          // a Release is held back
  std::vector<TopicPartition> held() const;
  bool content() const;           // nothing is under way: it would go on with records
  std::string waits_for() const;  // what it would go on with, in a sentence's end: for logs

 private:
  enum class Phase { kReading, kResolving, kBeginning, kFound, kReady, kStopped };  // kReading: its committed offset
  struct Partition {
    Phase phase = Phase::kReading;
    Offset position;  // committed
    TopicId topic_id;
    PlanPtr found;  // kFound, kStopped: the plan in the committed metadata
    uint8_t adoptions = 0;
    uint64_t read = 0;              // number of the read, or the search for a beginning, under way; 0: none
    bool unstable = false;          // its last read met a pending commit
    action::milliseconds after{0};  // before the next one
    std::string reason;             // kStopped: why; otherwise: why it will be, once its epoch is done
    bool leaving = false;           // revoked, and not yet released
  };
  enum class Stage { kAnnounced, kRebuilding, kRebuilt, kWriting, kDurable };
  struct InFlight {
    PlanPtr plan;
    bool fresh = true;
    Stage stage = Stage::kWriting;
    std::vector<TopicPartition> mine;  // fresh: all of its partitions
  };
  enum class Purpose { kBeginning, kAdoption, kRebuilt, kRefused, kPlan, kFinish };
  struct UnderWay {
    uint64_t number = 0;
    Purpose purpose{};
    action::Commit request;
    PlanPtr announces;
  };

  void step();
  void step_in_flight();
  void step_idle();
  bool wants_idle() const;
  void release_what_may_go();
  void read_offsets();
  void take_up(const TopicPartition& name, Partition& partition, const CommittedRead& read);
  std::string obstacle(const CommittedRead& read, const Result<CommitMetadata>& metadata) const;
  void adopt();
  std::vector<TopicPartition> mine_of(const PlanPtr& plan) const;
  void commit(Purpose purpose, std::vector<action::Commit::Entry> offsets, PlanPtr lands, std::vector<TopicPartition> landing, PlanPtr announces);
  void commit_mark(Purpose purpose, const std::vector<TopicPartition>& partitions, int adoptions, bool stopped);
  void commit_finish();
  void landed(const UnderWay& done);
  void forget_plan();
  void forget_everything();
  void drop_collected(const std::vector<TopicPartition>& partitions);
  void stop(const TopicPartition& name, Partition& partition, std::string reason);
  void stop_what_failed();
  void ready(const TopicPartition& name, Partition& partition);
  bool busy(const TopicPartition& name) const;  // in flight, being committed, or closed
  action::Commit::Entry entry(const TopicPartition& name, TopicId topic, Offset offset, PlanPtr plan, int adoptions = 0, bool stopped = false) const;
  static bool contains(const std::vector<TopicPartition>& names, const TopicPartition& name);
  Partition* find(const TopicPartition& name);
  const Partition* find(const TopicPartition& name) const;
  template <class T>
  void emit(T act) {
    actions_.push_back(std::move(act));
  }

  LaneGuards guards_;
  uint16_t row_semantics_;
  std::map<TopicPartition, Partition> partitions_;
  std::set<CatalogHash> catalogs_;
  std::optional<InFlight> in_flight_;
  PlanPtr next_;  // closed, and not yet committed
  std::optional<UnderWay> commit_;
  std::string refusal_;                     // of the plan in flight, while that is being committed
  uint64_t numbers_ = 0;                    // the last one given out
  uint64_t waiting_ = 0;                    // number of the Wait under way
  action::milliseconds refused_again_{20};  // doubled each time; before the next try of a commit that the group refuses
  bool producer_ready_ = false, producer_asked_ = false;
  std::vector<Action> actions_;
};

}  // namespace millrace::pipeline
