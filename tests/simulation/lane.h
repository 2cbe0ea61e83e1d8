#pragma once
// What stands around one LaneProtocol: carries its actions out against the simulated broker and ClickHouse, and tells it what came of
// them, late, lost, or after it has died and another one has its name. It keeps the contract of lane_protocol.h as the real lane must.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/commit/lane_protocol.h"
#include "simulation/broker.h"
#include "simulation/checker.h"
#include "simulation/clickhouse.h"
#include "simulation/disk.h"
#include "simulation/ledger.h"

namespace millrace::simulation {

class Process;
struct Pipeline;

class Lane {
 public:
  Lane(World& world, Pipeline& pipeline, Process& process, std::string name);

  void start();
  void close();
  bool closed() const { return closed_; }
  void pump();  // carries out what the core wants, until it wants nothing, or the process dies or freezes amid it
  void catalog_known(CatalogHash version);
  const std::string& name() const { return name_; }

  // From the coordinator; each arrives some time later, in order.
  void became_member(const Membership& membership) { next_member_ = membership.member; }
  void synchronised(const Membership& membership, const std::vector<TopicPartition>& taken, const std::vector<TopicPartition>& given);
  void prompted(uint64_t member);         // a rebalance begins: join again
  void lost_membership(uint64_t member);  // it was removed
  void fenced();                          // another one has its name: it ends, when it learns of it

  const pipeline::LaneProtocol& core() const { return *core_; }
  bool stopped(const TopicPartition& partition) const { return stopped_.contains(partition); }
  std::string state() const;

 private:
  struct Reading {  // of one partition: what was collected of it for the epoch that is open is [begin, end)
    TopicId topic;
    int64_t begin, end;
  };
  struct CommitRun {
    pipeline::action::Commit request;
    std::vector<Letter> letters;
    uint64_t epoch = 0, number = 0;
    Membership member;
  };
  using CommitPtr = std::shared_ptr<CommitRun>;
  struct TableWrite {
    RowsPtr rows;
    pipeline::ClickHouseWrite machine;
    uint64_t step = 0;  // answers to former steps are ignored
    bool dropped = false;
  };
  using WritePtr = std::shared_ptr<TableWrite>;
  struct BillingCall {  // of the plan, again and again until it is answered
    BillPtr bill;
    uint64_t step = 0;
    int failures = 0;
    bool durable = false, dropped = false;
  };
  using CallPtr = std::shared_ptr<BillingCall>;
  struct FilesWrite {  // the plan's files, then its manifest
    MadePtr made;
    std::vector<std::pair<std::string, RowsPtr>> files;  // by name
    pipeline::Manifest manifest;
    size_t written = 0;  // files
    int failures = 0;
    bool looked = false, durable = false, dropped = false;  // looked: there was no manifest when the attempt began
  };
  using FilesPtr = std::shared_ptr<FilesWrite>;

  // Later, on the lane's thread, if its process lives.
  void later(int64_t ms, std::function<void()> event);
  void event(const std::function<void()>& into_core);
  bool something_happens_amid_actions();

  // lane_actions.cc
  void carry_out(const pipeline::action::InitProducer&);
  void carry_out(const pipeline::action::ReadOffsets& act);
  void carry_out(const pipeline::action::ResolveBeginning& act);
  void carry_out(const pipeline::action::StartReading& act);
  void carry_out(const pipeline::action::DropCollected& act);
  void carry_out(const pipeline::action::RebuildPlan& act);
  void carry_out(const pipeline::action::WritePlan& act);
  void carry_out(const pipeline::action::CancelPlan& act);
  void carry_out(const pipeline::action::Commit& act);
  void carry_out(const pipeline::action::Wait& act);
  void carry_out(const pipeline::action::Release& act);
  void carry_out(const pipeline::action::Stopped& act);
  void init_producer(uint64_t attempt);
  std::optional<std::string> cannot_rebuild(const Plan& plan) const;
  Made made_again(const PlanPtr& plan);
  bool raises_alerts(const Plan& plan) const;
  void rebuild(const PlanPtr& plan);

  // lane_transactions.cc
  void send_offsets(const CommitPtr& run);
  void offsets_answered(const CommitPtr& run, BrokerAnswer answer);
  void send_end(const CommitPtr& run, bool commit);
  void end_answered(const CommitPtr& run, bool commit, BrokerAnswer answer);
  void finish(const CommitPtr& run, pipeline::CommitAnswer answer);

  // lane_writes.cc
  void begin_writes(bool fresh);
  void written();
  void refused(const char* sink, const std::string& reason, Checker::Cause cause);
  void drop_writes();

  // lane_inserts.cc
  void advance(const WritePtr& write);
  template <class Ask, class Tell>
  void query(const WritePtr& write, Ask ask, Tell tell);
  void insert(const WritePtr& write, const pipeline::ClickHouseWrite::Insert& act);

  // lane_billing.cc
  void call_billing(const CallPtr& call);
  void billing_answered(const CallPtr& call, const std::optional<billing::PlanAnswer>& answer);

  // lane_files.cc
  void advance(const FilesPtr& write);
  void look_for_manifest(const FilesPtr& write);
  void write_file(const FilesPtr& write);
  void write_manifest(const FilesPtr& write);
  void files_failed(const FilesPtr& write);
  void manifest_is_there(const FilesPtr& write, const DiskFile& there);

  // lane_epochs.cc
  void tick();
  void read_on();
  void close_epoch();

  void join();
  void from_coordinator(std::function<void()> event);
  void revoke(const std::vector<TopicPartition>& partitions);
  void lose();

  World& world_;
  Pipeline& pipeline_;
  Process& process_;
  const std::string name_;  // transactional.id and group.instance.id
  std::optional<pipeline::LaneProtocol> core_;
  std::deque<pipeline::Action> actions_;  // taken from the core, not yet carried out
  bool pumping_ = false, closing_ = false, closed_ = false;

  // Membership: as the client believes.
  Membership membership_;
  uint64_t next_member_ = 0;
  int64_t coordinator_heard_at_ = 0;  // messages of the coordinator keep their order
  bool joins_when_released_ = false;
  uint64_t drains_ = 0;
  bool deadline_passed_ = false;  // of the last one

  uint64_t producer_ = 0, inits_ = 0, transactions_ = 0;  // producer_: its epoch, 0: none
  CommitPtr commit_;
  std::map<TopicPartition, Reading> reading_;
  std::map<TopicPartition, TopicId> topics_;                      // as the last read of the committed offset said
  std::map<TopicPartition, pipeline::CommittedRead> remembered_;  // used only without fresh_reads
  PlanPtr closed_plan_;                                           // whose rows are collected, and which isn't written yet
  PlanPtr working_;                                               // rebuilt or written
  std::vector<TopicPartition> committed_last_, mine_;             // of it, as the commit that announced or adopted it said
  Made made_;                                                     // of it
  std::vector<WritePtr> writes_;                                  // to ClickHouse, one a table
  CallPtr call_;                                                  // nullptr: nothing to bill
  FilesPtr files_;                                                // nullptr: no warehouse
  std::set<TopicPartition> stopped_;
  uint64_t plans_ = 0;
};

}  // namespace millrace::simulation
