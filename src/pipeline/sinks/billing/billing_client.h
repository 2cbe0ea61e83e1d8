#pragma once
// A process's connection to the billing service.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/metrics/registry.h"
#include "pipeline/sinks/billing/billing_order.h"
#include "pipeline/sinks/billing/call_gate.h"

namespace millrace::pipeline {

struct BillingClientSettings {
  std::string address;                         // HOST:PORT
  uint32_t generation = 1;                     // the ledger's, which refuses plans for another one
  std::chrono::milliseconds deadline{10'000};  // of each call
  CallGate::Backoff backoff{};
};

// Thread-safe; one for all lanes of a process.
class BillingClient {
 public:
  BillingClient(BillingClientSettings settings, metrics::Registry& metrics);
  ~BillingClient();

  // One call. nullopt: the plan is in the ledger, now or from before; a text: it is refused for good, and why. Errors: nobody knows; call again.
  // Whoever calls passes the gate before.
  Result<std::optional<std::string>> apply(const BillingOrder& order);
  // The offset that the partition's next range must begin at; none: nothing of it was ever billed or skipped. One call, gate or not.
  Result<std::optional<Offset>> expected(const std::string& pipeline, const TopicId& topic, PartitionId partition);

  CallGate& gate();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::pipeline
