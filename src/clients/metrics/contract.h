#pragma once
// Private to this room: contracts/metrics.yaml as values.

#include <map>
#include <string>
#include <vector>

namespace millrace::metrics {

struct ContractEntry {
  std::string type;  // counter, gauge, histogram
  std::vector<std::string> labels;
  std::string meaning;
  std::vector<double> buckets;
};

const std::map<std::string, ContractEntry>& contract();

}  // namespace millrace::metrics
