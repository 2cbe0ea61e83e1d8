// Billing: the plan is sent until it is answered. Only an acknowledgement makes it durable, only a refusal ends it otherwise.
#include "simulation/world.h"

namespace millrace::simulation {

constexpr int64_t kCallDeadlineMs = 10'000;

void Lane::call_billing(const CallPtr& call) {
  if (call->dropped) return;
  const uint64_t step = ++call->step;
  const auto answered = [=, this](const std::optional<billing::PlanAnswer>& answer) {
    if (call->dropped || call->step != step) return;  // whoever dropped it may still be billed for it: that harms nobody
    billing_answered(call, answer);
  };
  later(kCallDeadlineMs, [=] { answered(std::nullopt); });
  if (world_.env.chance(world_.env.schedule.call_lost)) return;
  int64_t late = world_.env.delay();
  if (world_.env.chance(world_.env.schedule.call_late)) late = world_.env.random.between(500, world_.env.random.chance(0.1) ? 90'000 : 20'000);
  world_.env.queue.after(late, [=, this] {
    world_.ledger.apply(call->bill, [=, this](const std::optional<billing::PlanAnswer>& answer) {
      if (!world_.env.chance(world_.env.schedule.lost)) later(world_.env.delay(), [=] { answered(answer); });
    });
  });
}

void Lane::billing_answered(const CallPtr& call, const std::optional<billing::PlanAnswer>& answer) {
  using enum billing::PlanAnswer::Outcome;
  if (!answer) {
    ++call->step;
    return later(world_.env.random.between(50, 100 << std::min(call->failures++, 6)), [=, this] { call_billing(call); });
  }
  if (answer->outcome == kApplied || answer->outcome == kKnown) {
    call->durable = true;
    world_.env.trace([&] { return name_ + ": billing acknowledges plan " + to_string(call->bill->order.id.value); });
    return written();
  }
  ++call->step;
  using enum Checker::Cause;
  const bool elsewhere = answer->outcome == kWrongGeneration && call->bill->order.generation != world_.ledger.generation();
  // What a restored ledger lacks is declared as skipped. Where that was done for some of a plan's ranges, the rest of it can only be abandoned.
  const bool lacking = world_.ledger.restored() && answer->outcome != kWrongGeneration;
  refused("billing", answer->message, lacking && answer->outcome == kOverlap ? kForGood : lacking || elsewhere ? kPasses : kNone);
}

}  // namespace millrace::simulation
