#pragma once
// Sends a plan's ranges and usage to the billing service while the lane goes on decoding. One a lane.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/metrics/registry.h"
#include "pipeline/sinks/billing/billing_client.h"
#include "pipeline/sinks/billing/billing_order.h"
#include "pipeline/sinks/sink_state.h"

namespace millrace::pipeline {

class BillingSink {
 public:
  // `wakeup` is called on the writer's thread after each change of state().
  BillingSink(std::shared_ptr<BillingClient> client, metrics::Registry& metrics, std::function<void()> wakeup);
  ~BillingSink();  // cancels; waits for a call under way, its deadline at most

  // Sends the order, again for as long as it takes: it is idempotent by its plan's id. Only kDurable and kStopped are ends; kStopped: the ledger refuses it
  // (gap, overlap, generation, a value that is none). Not while another one is kWriting.
  void begin(BillingOrder order);
  SinkState state() const;
  // Forgets the order. A call under way harms nobody: it says what whoever completes the plan will say.
  void cancel();

  // The offset that the ledger expects next of a partition; none: it has nothing of it. On the caller's thread.
  Result<std::optional<Offset>> expected(const std::string& pipeline, const TopicId& topic, PartitionId partition);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline
