#pragma once
// What rule sets would make of a topic's events, and a summary by tenant. One thread.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/rules/right_set.h"
#include "tools/rules/surroundings.h"
#include "tools/rules/topic_trial.h"

namespace millrace::rules_tools {

enum class Fate : uint8_t { kDelivered, kDropped, kRejected, kUnreadable, kOthers };  // kOthers: of a tenant without a set among these
inline constexpr const char* kFateNames[] = {"delivered", "dropped", "rejected", "unreadable", "other_tenant"};

struct Applied {
  Fate fate{};
  std::string tenant, why;  // the event's tenant; why it was dropped, rejected or unreadable
  Tried tried;
};

class DryRun {
 public:
  // The error: there is no such topic, or something doesn't compile.
  static Result<DryRun> make(const std::string& topic, const std::vector<RightSet>& sets, const Surroundings& surroundings, const std::string& tenant_field);

  // A line of JSON. Without a tenant it is that of the only set.
  Applied apply_json(std::string_view line, uint32_t number, bool zeros_for_absent);
  // Avro bytes of another writer.
  Applied apply(const avro::DecodeProgram& program, std::string_view bytes, size_t begin) { return counted(trial_.run(program, bytes, begin)); }
  Applied unreadable(std::string why);
  const avro::Schema& reader() const { return trial_.reader(); }

  struct Counts {
    size_t events[5] = {};  // by Fate
    size_t changed = 0;     // of the delivered
    std::map<std::string, size_t> reasons, alerts;
    std::map<std::string, std::pair<size_t, std::string>> meters;  // how often, the unit
  };
  const std::map<std::string, Counts>& by_tenant() const { return counts_; }

 private:
  DryRun(TopicTrial trial, std::string tenant_field) : trial_(std::move(trial)), tenant_field_(std::move(tenant_field)) {}
  Applied counted(Tried tried);

  TopicTrial trial_;
  std::string tenant_field_, only_tenant_;
  std::map<std::string, Counts> counts_;
};

}  // namespace millrace::rules_tools
