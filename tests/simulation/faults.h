#pragma once
// What goes wrong with what all pipelines share, by the run's schedule: the servers, the topics, the catalog. What befalls one pipeline is in fleet.h and operator.h.

#include "simulation/environment.h"

namespace millrace::simulation {

struct World;

class Faults {
 public:
  explicit Faults(World& world) : world_(world) {}

  void begin();
  void end();          // peace; an outage goes on
  void outage_over();  // and now it doesn't
  bool outage() const { return outage_; }
  bool outage_of(Server server) const;
  bool alert_topic_there() const;

 private:
  void begin_outage();
  void new_catalog();
  void upgrade();
  void growth();
  void remade_topic();
  void records_gone();
  void records_differ();

  World& world_;
  bool outage_ = false;
  int64_t alert_topic_at_ = 0;
};

}  // namespace millrace::simulation
