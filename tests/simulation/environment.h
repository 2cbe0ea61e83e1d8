#pragma once
// What every part of a run stands in: time, chance, which faults there are, which rules hold, and the trace.

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "simulation/event_queue.h"
#include "simulation/guards.h"

namespace millrace::simulation {

// A rule was broken: the run ends.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What all pipelines share, and may all miss at once.
enum class Server : uint8_t { kNone, kClickHouse, kLedger, kDisk, kAlertTopic };
const char* name(Server server);

// What a pipeline writes to besides its dead letters: one of them at least, and not both ClickHouse and the warehouse.
struct Sinks {
  bool clickhouse = false, warehouse = false, billing = false, alerts = false;
  bool use(Server server) const;
  bool rows() const { return clickhouse || warehouse; }
};
inline constexpr size_t kPipelinesMax = 3;

// Which faults a run has, and how often: drawn from its seed, most of them off in most runs. A run with everything at once makes
// so little progress that the rare coincidences never come.
struct Schedule {
  std::vector<Sinks> pipelines;                       // each with a fleet of its own, over the same topics
  bool one_process;                                   // runs lanes of all pipelines: they die and freeze together
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
  // Billing
  double call_late, call_lost, call_repeated, ledger_slow, ledger_answer_lost, dies_at_commit;
  int64_t ledger_crash_ms, keeps_ids_ms;  // ids of plans that nobody is at any more are kept for so long
  double wrong_generation;                // a process is told of another ledger
  bool ledger_restored;                   // from a backup, once
  // The warehouse's disk
  double file_slow, file_fails, foreign_file;  // foreign: somebody else has put other rows under the file's name
  int64_t disk_full_ms, disk_power_loss_ms;
  // One of them is down, or full, from some time on, until all pipelines that don't use it are through.
  Server outage;
  int64_t alert_topic_ms;  // how late the alerts' topic is made
  // Once a run, or never.
  bool upgrade, growth, remade_topic, records_gone, records_differ, poison, group_reset;
  bool operator_acts;  // what stands still for good is given up: plans abandoned, offsets accepted
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
  void again_and_again(int64_t mean_ms, const std::function<void()>& fault);        // until it is quiet; 0: never
  void once(bool wanted, const std::function<void()>& fault);                       // some time before it is quiet
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
