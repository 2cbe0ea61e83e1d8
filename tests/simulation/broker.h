#pragma once
// The broker's side of transactions and of committed offsets. What the group's members may commit it asks the group.
//
// A transaction's offsets are accepted from the group's member in its generation only; they are pending, and unstable to a stable
// read, until its end is decided and then marked. Each transaction belongs to one producer epoch: initialising the id again aborts
// what is open, waits for what is decided, and fences requests of before.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;
struct Pipeline;

enum class BrokerAnswer { kOk, kFenced, kRefusedByGroup, kBusy };

struct Membership {
  uint64_t member = 0;  // 0: none
  int generation = -1;
};

class Broker {
 public:
  using Entries = std::vector<pipeline::action::Commit::Entry>;
  struct Transaction {  // one is open at a time for each id
    uint64_t epoch = 0;
    enum class State { kNone, kOpen, kCommitting, kAborting } state = State::kNone;
    uint64_t number = 0;
    const Pipeline* of = nullptr;  // whose producers have this id
    Entries offsets;
    std::vector<Letter> letters;
  };
  struct Committed {
    Offset offset;
    std::string metadata;
  };

  explicit Broker(World& world) : world_(world) {}

  std::optional<uint64_t> init(const Pipeline& pipeline, const std::string& id);  // the new epoch; none: busy, ask again
  BrokerAnswer add(Pipeline& pipeline, const std::string& id, uint64_t epoch, uint64_t number, const Membership& member, const Entries& offsets,
                   const std::vector<Letter>& letters);
  BrokerAnswer end(Pipeline& pipeline, const std::string& id, uint64_t epoch, uint64_t number, bool commit);
  pipeline::CommittedRead read(const Pipeline& pipeline, const TopicPartition& partition, TopicId topic) const;

  // The operator's and the controller's acts, while nothing is pending.
  const Committed* committed(const Pipeline& pipeline, const TopicPartition& partition) const;
  void set(const Pipeline& pipeline, const TopicPartition& partition, std::optional<Committed> to);
  bool pending(const Pipeline& pipeline, const TopicPartition& partition) const;

 private:
  void mark(const std::string& id);
  int group_of(const Pipeline& pipeline) const;
  World& world_;
  std::map<std::string, Transaction> transactions_;
  std::map<std::pair<int, TopicPartition>, Committed> committed_;  // by group
};

}  // namespace millrace::simulation
