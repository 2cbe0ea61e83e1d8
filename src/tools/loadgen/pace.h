#pragma once
// When event number n is due: a steady rate with spikes, or as fast as possible. Pure.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::loadgen {

struct Spike {
  double factor = 1, at_s = 0, duration_s = 0;
};
// "6x@30,10": six times the rate, from second 30 on, for 10 seconds.
Result<Spike> parse_spike(std::string_view text);

class Pace {
 public:
  // rate 0: as fast as possible (then event times advance as at a million a second). Spikes are sorted and may not overlap.
  static Result<Pace> create(double rate, std::vector<Spike> spikes);
  bool unlimited() const { return rate_ <= 0; }
  double due_ms(uint64_t number) const;  // after the start
  double rate_at_s(double second) const;

 private:
  double rate_ = 0;
  std::vector<Spike> spikes_;
};

}  // namespace millrace::loadgen
