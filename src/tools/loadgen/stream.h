#pragma once
// Event number n of a seed: which topic, key and bytes. A function of the settings and n alone, whatever was made before; any thread.

#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "tools/loadgen/defects.h"
#include "tools/loadgen/events.h"
#include "tools/loadgen/pace.h"

namespace millrace::loadgen {

struct Event {
  size_t topic = 0;  // index of StreamSettings::topics
  std::string key, value;
  Defect defect = Defect::kNone;
  int64_t time_ms = 0;
};

struct StreamSettings {
  struct Topic {
    std::string name;
    const EventType* type = nullptr;
    SchemaId schema;
  };
  uint64_t seed = 1;
  int64_t start_ms = 0;  // event times are relative to it
  std::vector<Topic> topics;
  DefectShares defects;
  PopulationSettings population;
};

class Stream {
 public:
  Stream(StreamSettings settings, Pace pace);
  void make(uint64_t number, Event& event) const;  // uses the event's memory again
  const StreamSettings& settings() const { return settings_; }
  const Pace& pace() const { return pace_; }

 private:
  StreamSettings settings_;
  Pace pace_;
  Population population_;
  unsigned weights_ = 0;
};

}  // namespace millrace::loadgen
