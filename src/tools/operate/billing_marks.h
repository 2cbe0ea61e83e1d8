#pragma once
// What an operator's act means for billing: the ledger takes a partition's ranges without a gap, so a range that is given up must be declared.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

// Where the partition's next range must begin; none: nothing is billed (no settings.billing_address), or the ledger never heard of it.
Result<std::optional<Offset>> billed_until(const Settings& settings, const TopicPartition& partition, TopicId topic);

// Moves that on to `end`, without billing what stands between. Where it is `end` or beyond, nothing is done: the range was billed, or skipped before.
Status skip_in_billing(const Settings& settings, const TopicPartition& partition, TopicId topic, Offset end, const std::string& plan,
                       const std::string& reason);

}  // namespace millrace::operate
