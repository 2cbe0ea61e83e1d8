#pragma once
// The judge: sees everything that becomes true in the world (a decided transaction, an insert seen, rows landed, a partition let go)
// and throws a Violation at the first thing that may not be. It shares with the protocol only the form of the metadata.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;

// What happened in a run, so that nobody believes in a quiet world.
struct Sightings {
  uint64_t commits, refused, unknown, adoptions, plans, inserts, deduplicated, refused_late, lost_at_rename, lost, revoked, stopped, crashes, freezes;
  Sightings& operator+=(const Sightings& more);
};

class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}

  void decided(const std::string& by, const std::vector<pipeline::action::Commit::Entry>& offsets, const std::vector<Letter>& letters);
  void insert_seen(const Rows& rows);
  void landed(const Rows& rows, size_t begin, size_t end);                   // of rows.records
  void lettered(const std::string& by, const std::vector<Letter>& letters);  // dead letters and alerts are there
  void reading_from(const TopicPartition& partition, TopicId topic, Offset begin);
  void rebuilding(PlanId plan, const std::vector<TopicPartition>& mine);
  void released(const std::string& by, const TopicPartition& partition, PlanId in_flight);
  void stopped(const std::string& by, const TopicPartition& partition, const std::string& reason);

  bool has_rows(const TopicPartition& partition) const { return with_rows_.contains(partition); }
  PlanPtr pending(const TopicPartition& partition) const;
  // The operator's acts: from now on nobody may commit for it; it is as it was; a plan is to be tried again.
  void tampered(const TopicPartition& partition) { tampered_.insert(partition), ever_tampered_.insert(partition); }
  void mended(const TopicPartition& partition) { tampered_.erase(partition); }
  void retried(const TopicPartition& partition);
  void forget(const TopicPartition& partition) { decided_.erase(partition), tampered_.erase(partition); }  // its topic was deleted, with its offsets

  bool poisoned(const PlanPtr& plan) const;  // no process survives the making of its rows anew; nullptr: false
  // Has it come to its end: everything delivered, or stopped as it must? `stopped`: by its holder, now.
  bool finished(const LogPartition& partition, bool stopped) const;
  void at_the_end();
  std::string state_of(const LogPartition& partition) const;

  Sightings saw{};

 private:
  struct Decided {
    Offset offset;
    TopicId topic;
    PlanPtr plan;
  };
  void moved(const TopicPartition& partition, const Decided& from, Offset to, const std::vector<Letter>& letters);
  void announced(const PlanPtr& plan, const std::map<TopicPartition, Decided>& by);
  bool hopeless(const TopicPartition& partition) const;

  World& world_;
  std::map<TopicPartition, Decided> decided_;                // what is, or is about to be, committed
  std::map<std::pair<TopicId, PartitionId>, Decided> last_;  // the same, also of topics that are gone
  std::map<std::pair<TopicId, PartitionId>, Offset> beginnings_;
  std::map<PlanId, PlanPtr> announced_;
  std::map<std::pair<PlanId, TopicPartition>, int> rebuilds_;
  std::set<TopicPartition> tampered_, ever_tampered_, with_rows_;
};

}  // namespace millrace::simulation
