#pragma once
// The supervisor of the whole on one machine: broker, ClickHouse, registry, tables, workers, load; gates between the workers and
// the rest; one line a second; stops all in order and prints the audit.

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "tools/demo/scrape.h"
#include "tools/demo/settings.h"
#include "tools/supervisor/gate.h"
#include "tools/supervisor/supervisor.h"

namespace millrace::demo {

class Control;

struct Figures {
  int64_t produced = 0, delivered = 0, dead_letters = 0, lag = -1, in_flight = -1;
  double events_per_s = 0, p50_ms = -1, p95_ms = -1;
};

// start(), then tick() once a second, then finish(), all on one thread; the rest from any.
class Demo {
 public:
  Demo(Settings settings, DataDirectory data, Ports ports);
  ~Demo();
  Status start();                  // everything is up when it returns
  void tick();                     // measures, prints the line, starts again what died
  int finish();                    // load off, drained, workers off, audit, the rest off; the audit's exit status
  void hurry() { hurry_ = true; }  // finish() waits for nothing any more

  Status act(const std::string& child, const std::string& what, bool wait);
  supervisor::Supervisor& children() { return *supervisor_; }
  const std::map<std::string, std::unique_ptr<supervisor::Gate>>& gates() const { return gates_; }
  std::map<std::string, std::string> addresses() const;
  Figures figures() const;
  bool ready() const { return ready_; }
  const Ports& ports() const { return ports_; }

 private:
  Status start_gates();
  Status start_workers();
  Status start_child(supervisor::ChildSpec spec, std::chrono::seconds within);
  Status run_to_end(supervisor::ChildSpec spec, std::chrono::seconds within);
  void measure();
  void drain();

  Settings settings_;
  DataDirectory data_;
  Ports ports_;
  std::map<std::string, std::unique_ptr<supervisor::Gate>> gates_;
  std::unique_ptr<supervisor::Supervisor> supervisor_;
  std::unique_ptr<Control> control_;
  std::atomic<bool> ready_{false}, hurry_{false}, finishing_{false};
  mutable std::mutex mutex_;
  Figures figures_;
  Buckets latency_before_;
  std::chrono::steady_clock::time_point measured_{};
  std::map<std::string, std::chrono::steady_clock::time_point> died_;
};

}  // namespace millrace::demo
