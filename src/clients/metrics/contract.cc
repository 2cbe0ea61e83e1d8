#include "clients/metrics/contract.h"

#include <yaml-cpp/yaml.h>

#include "base/result.h"

namespace millrace::metrics {
namespace {

constexpr const char* kText =
#include "metrics_contract.inc"
    ;

std::map<std::string, ContractEntry> parse() {
  std::map<std::string, ContractEntry> out;
  for (const auto& node : YAML::Load(kText)["metrics"]) {
    auto name = node["name"].as<std::string>();
    ContractEntry e{node["type"].as<std::string>(), node["labels"].as<std::vector<std::string>>(), node["meaning"].as<std::string>(), {}};
    if (node["buckets"]) e.buckets = node["buckets"].as<std::vector<double>>();
    MILLRACE_CHECK(out.emplace(name, e).second, "contracts/metrics.yaml lists " + name + " twice");
  }
  return out;
}

}  // namespace

const std::map<std::string, ContractEntry>& contract() {
  static const std::map<std::string, ContractEntry> entries = parse();
  return entries;
}

}  // namespace millrace::metrics
