#pragma once
// Billing: the real rules of acceptance (services/billing/acceptance.h) over simulated tables. A call arrives, waits for its transaction, which
// commits as a whole or not at all, and only then is it answered: the service may die between any two of these.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "services/billing/acceptance.h"
#include "simulation/source_log.h"

namespace millrace::simulation {

struct World;
struct Pipeline;

class Ledger {
 public:
  using Reply = std::function<void(const std::optional<billing::PlanAnswer>& answer)>;  // none: an error; may never come

  explicit Ledger(World& world) : world_(world) {}

  void apply(const BillPtr& bill, const Reply& reply);
  // What is expected next of a partition; none: nothing of it was ever taken. Nothing at all: the service is down.
  std::optional<std::optional<Offset>> expected(const std::string& pipeline, TopicId topic, PartitionId partition) const;
  uint32_t generation() const { return 1; }

  // An operator declares that a range will not be billed. None: the service is down.
  std::optional<billing::SkipAnswer> skip(const Pipeline& pipeline, const billing::Skip& skip);

  void crash();
  void back_up();  // sometimes
  void restore();  // the last backup, if there is one that knows all partitions
  bool restored() const { return restored_; }
  void at_the_end() const;  // throws where the totals aren't the sum of what was delivered

 private:
  struct UnderWay {
    uint64_t number;
    BillPtr bill;
    Reply reply;
  };
  struct Known {
    std::string fingerprint;
    int pipeline;
    int64_t at;
  };
  using Mark = std::tuple<uint32_t, std::string, TopicId, PartitionId>;

  bool down() const;
  void transact(uint64_t number);
  std::optional<UnderWay> take(uint64_t number);
  Mark mark_of(uint32_t generation, const std::string& pipeline, TopicId topic, PartitionId partition) const;
  billing::PlanStored stored_for(const billing::BilledPlan& plan) const;
  void write(const Bill& bill, const billing::BilledPlan& plan, const std::string& print);
  void write_usage(const BillPtr& bill, const billing::BilledPlan& plan);
  void answer(const UnderWay& call, const billing::PlanAnswer& answer);
  void forget_old();
  void perhaps_again(const BillPtr& bill);

  struct Tables {
    std::map<Mark, Offset> marks;
    std::map<std::pair<uint32_t, PlanId>, Known> plans;
    std::map<std::pair<uint32_t, std::string>, Decimal> totals;  // by tenant
    std::vector<BillPtr> contributions;
  };

  World& world_;
  std::vector<UnderWay> under_way_;
  uint64_t numbers_ = 0, lives_ = 0;
  int64_t up_at_ = 0;
  Tables tables_;
  std::optional<Tables> backup_;
  bool restored_ = false;
};

}  // namespace millrace::simulation
