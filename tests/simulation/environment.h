#pragma once
// What every part of a run stands in: time, chance, which faults there are, which rules hold, and the trace.

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "simulation/event_queue.h"
#include "simulation/guards.h"

namespace millrace::simulation {

// A rule was broken: the run ends.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Which faults a run has, and how often: drawn from its seed, most of them off in most runs. A run with everything at once makes
// so little progress that the rare coincidences never come.
struct Schedule {
  int processes, lanes, topics, partitions, records;  // lanes a process, partitions a topic, records a partition
  int64_t faults_ms;                                  // how long there are faults
  bool start_at_end;                                  // the pipeline's start: the end of the log, otherwise its beginning
  int64_t session_ms, drain_ms;                       // timeouts of the group's sessions and of draining
  double slow, lost;                                  // messages: by chance each
  double read_fails, transaction_fails, rebuild_fails;
  int64_t crash_ms, freeze_ms, rebalance_ms, restart_ms, catalog_ms;  // mean time between two of them, 0: never
  double amid_actions;                                                // a process dies or freezes between two actions of a lane
  double replaced;                                                    // a frozen process is replaced by another of its name
  // ClickHouse
  double insert_late, insert_lost, insert_repeated, body_stalls, disk_slow, answer_lost, lost_at_rename;
  int64_t server_crash_ms, power_loss_ms, clock_step_ms;
  double wrong_clocks;  // a process's clock is off by minutes
  // Once a run, or never.
  bool upgrade, growth, remade_topic, records_gone, records_differ, poison, group_reset;
};
Schedule make_schedule(Random& random);

using Trace = std::function<void(const std::string& line)>;  // empty: nobody wants to know

class Environment {
 public:
  Environment(uint64_t seed, const Guards& rules, Trace trace);

  Random random;
  EventQueue queue;
  const Guards guards;
  const Schedule schedule;
  bool quiet = false;  // no more faults

  int64_t now() const { return queue.now(); }
  bool chance(double probability) { return !quiet && random.chance(probability); }  // of a fault
  int64_t delay();                                                                  // of a message, in ms
  template <class Text>
  void trace(Text&& text) {
    if (trace_) say(text());
  }

 private:
  void say(const std::string& text) const;
  const Trace trace_;
  const int64_t began_;
};

}  // namespace millrace::simulation
