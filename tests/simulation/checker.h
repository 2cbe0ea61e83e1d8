#pragma once
// The judge of one pipeline: sees everything that becomes true in the world (a decided transaction, an insert seen, rows landed, a partition let go)
// and throws a Violation at the first thing that may not be. It shares with the protocol only the form of the metadata.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;
struct Pipeline;
struct DiskFile;

// What happened in a run, so that nobody believes in a quiet world. Nothing but counts.
struct Sightings {
  uint64_t commits, refused, unknown, adoptions, plans, inserts, deduplicated, refused_late, lost_at_rename, lost, revoked, stopped, crashes, freezes;
  uint64_t billed, billed_before, billing_refused, skipped, ledger_restored, abandoned, accepted, manifests, files_were_there, disk_full;
  Sightings& operator+=(const Sightings& more);
};

class Checker {
 public:
  Checker(World& world, const Pipeline& pipeline) : world_(world), pipeline_(pipeline) {}

  void decided(const std::string& by, const std::vector<pipeline::action::Commit::Entry>& offsets, const std::vector<Letter>& letters);
  void sees(const char* sink, const Made& made);            // somebody writes it there
  void landed(const Rows& rows, size_t begin, size_t end);  // of rows.records: they are in ClickHouse
  void billed(const Bill& bill);
  void skipped(TopicId topic, PartitionId partition, const OffsetRange& range);
  void lost_by_billing(const Bill& bill);  // its database is an older one now
  void manifested(const DiskFile& manifest);
  void manifest_gone(const DiskFile& manifest);                              // with its machine's power
  void lettered(const std::string& by, const std::vector<Letter>& letters);  // dead letters and alerts are there
  void reading_from(const TopicPartition& partition, TopicId topic, Offset begin);
  void rebuilding(PlanId plan, const std::vector<TopicPartition>& mine);
  void released(const std::string& by, const TopicPartition& partition, PlanId in_flight);
  void stopped(const std::string& by, const TopicPartition& partition, const std::string& reason);
  enum class Cause { kNone, kPasses, kForGood };
  void refused(const std::string& sink, const PlanPtr& plan, const std::string& reason, Cause cause);

  bool has_rows(const TopicPartition& partition) const { return with_rows_.contains(partition); }
  bool has_traces(const TopicPartition& partition, TopicId topic) const;  // in any of its sinks
  bool is_pending(PlanId plan) const;                                     // for any partition
  Cause refused(PlanId plan) const;                                       // by a sink, last
  PlanPtr pending(const TopicPartition& partition) const;
  // The operator's acts: from now on nobody may commit for it; it is as it was; a plan is to be tried again.
  void tampered(const TopicPartition& partition) { tampered_.insert(partition), ever_tampered_.insert(partition); }
  void mended(const TopicPartition& partition) { tampered_.erase(partition); }
  void retried(const TopicPartition& partition);
  void abandoned(const Plan& plan, const std::vector<TopicPartition>& partitions, const std::vector<Letter>& letters);
  void accepted(const LogPartition& partition, Offset at);
  // What an operator can see: is there a row in ClickHouse; behind the last one; behind what was last committed by a lane.
  bool has_row(const LogPartition& partition, int64_t at) const { return arrived(partition, at).rows > 0; }
  int64_t rows_end(const LogPartition& partition) const;
  int64_t committed_end(const LogPartition& partition) const;
  bool planned_elsewhere(const LogPartition& partition) const;                                             // another partition's pending plan has a range of it
  void forget(const TopicPartition& partition) { decided_.erase(partition), tampered_.erase(partition); }  // its topic was deleted, with its offsets

  bool poisoned(const PlanPtr& plan) const;  // no process survives the making of its rows anew; nullptr: false
  // Has it come to its end: everything delivered, or stopped as it must? `stopped`: by its holder, now.
  bool finished(const LogPartition& partition, bool stopped) const;
  void at_the_end();
  std::string state_of(const LogPartition& partition) const;

 private:
  struct Decided {
    Offset offset;
    TopicId topic;
    PlanPtr plan;
  };
  void moved(const TopicPartition& partition, const Decided& from, Offset to);
  void not_ahead(const char* sink, const Plan& plan) const;
  LogPartition::Arrived& arrived(LogPartition& partition, int64_t at) const;
  const LogPartition::Arrived& arrived(const LogPartition& partition, int64_t at) const;
  void count_rows(const char* where, const Plan& plan, const Positions& records, size_t begin, size_t end);
  bool right_at_the_end(const LogPartition& partition, int64_t at, int64_t begin, int64_t end, int64_t planned) const;
  void announced(const PlanPtr& plan, const std::map<TopicPartition, Decided>& by);
  bool hopeless(const TopicPartition& partition) const;

  World& world_;
  const Pipeline& pipeline_;
  std::map<TopicPartition, Decided> decided_;                // what is, or is about to be, committed
  std::map<std::pair<TopicId, PartitionId>, Decided> last_;  // the same, also of topics that are gone
  std::map<std::pair<TopicId, PartitionId>, Offset> beginnings_;
  std::map<PlanId, PlanPtr> announced_;
  std::map<std::pair<PlanId, TopicPartition>, int> rebuilds_;
  std::set<TopicPartition> tampered_, ever_tampered_, with_rows_;
  std::set<std::pair<TopicId, PartitionId>> billed_, manifested_;  // where billing, or a manifest, has anything of it
  std::map<PlanId, Cause> refused_;                                // by a sink, and rightly so
};

}  // namespace millrace::simulation
