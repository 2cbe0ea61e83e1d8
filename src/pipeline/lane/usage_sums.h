#pragma once
// What tenants used, summed up by meter and window: what billing is sent of a range.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/decimal.h"
#include "pipeline/transform/topic_rules.h"

namespace millrace::pipeline {

// [start, start + size), in UTC: an hour, a day, a calendar month.
struct UsageWindow {
  int64_t start_ms = 0, size_ms = 0;
  bool operator==(const UsageWindow&) const = default;
};
UsageWindow usage_window_of(int64_t time_ms, rules::Window window);

struct Usage {
  std::string tenant, meter, unit;
  UsageWindow window;
  Decimal value;
};

class UsageSums {
 public:
  // One value of a meter, whose rule stays where it is as long as the sums. False: the sum would have more than 38 digits; it is as it was.
  [[nodiscard]] bool add(std::string_view tenant, const CompiledRule& meter, int64_t time_ms, const Decimal& value);
  // By tenant, meter, unit and window: the same for the same values in whatever order (I4).
  std::vector<Usage> sorted() const;
  bool empty() const { return sums_.empty(); }
  size_t size() const { return sums_.size(); }

 private:
  struct Key {
    std::string_view tenant, meter, unit;
    int64_t start_ms = 0, size_ms = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Sum {
    std::unique_ptr<const std::string> tenant, meter, unit;  // what the key looks at
    Decimal value;
  };
  // The sums that were added to lately: mostly the next event adds to one of them.
  struct Recent {
    const CompiledRule* meter = nullptr;
    int64_t start_ms = 0;
    Sum* sum = nullptr;
  };
  UsageWindow window_of(int64_t time_ms, rules::Window window);
  Sum& sum_of(std::string_view tenant, const CompiledRule& meter, const UsageWindow& window, uint8_t scale);

  std::unordered_map<Key, Sum, KeyHash> sums_;
  std::vector<Recent> recent_;
  UsageWindow windows_[3];  // by rules::Window: the one of the last event
};

}  // namespace millrace::pipeline
