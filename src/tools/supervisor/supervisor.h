#pragma once
// Child processes by name: started, stopped, frozen, killed and restarted, each in its own process group, its output
// appended to a file, its exit reported. No child outlives the process that made it (PR_SET_PDEATHSIG), however that ends.

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::supervisor {

struct ChildSpec {
  std::string name;
  std::vector<std::string> argv;                                 // argv[0] is a path
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  std::string log;                                               // stdout and stderr are appended here
  int stop_signal = 15;                                          // SIGTERM
  std::chrono::seconds stop_grace{20};                           // SIGKILL after it
};

enum class ChildState { kNew, kRunning, kFrozen, kExited };
const char* name(ChildState state);

struct ChildStatus {
  std::string name;
  ChildState state = ChildState::kNew;
  pid_t pid = 0;
  int starts = 0;
  int exit_code = 0;    // when it exited by itself; 128 + signal when a signal ended it
  bool wanted = false;  // the last exit was asked for
  uint16_t port = 0;    // of its "listening on HOST:PORT", 0 until it said so
};

// Called on a thread of the supervisor, without its lock, for every exit.
using ExitHandler = std::function<void(const ChildStatus&)>;

// Every method may be called from any thread; those on one child wait for each other. Unknown names are an Error.
class Supervisor {
 public:
  explicit Supervisor(ExitHandler on_exit = {});
  ~Supervisor();  // kills what still runs and joins
  Supervisor(const Supervisor&) = delete;

  void add(ChildSpec spec);               // or replaces the specification of one that isn't running
  Status start(const std::string& name);  // does nothing when it runs already
  // Waits until it says "listening on …:PORT" on a line of its own. The error tells the end of its log if it exits first.
  Result<uint16_t> wait_ready(const std::string& name, std::chrono::milliseconds within);
  Status stop(const std::string& name);    // thaws, asks, waits for the grace, kills
  Status kill(const std::string& name);    // SIGKILL, and waits until it is gone
  Status freeze(const std::string& name);  // SIGSTOP for the whole process group
  Status thaw(const std::string& name);
  // True when it exited within the time.
  bool wait_exit(const std::string& name, std::chrono::milliseconds within);
  std::vector<ChildStatus> states() const;  // in the order of add()
  Result<ChildStatus> state(const std::string& name) const;
  std::string log_end(const std::string& name, size_t lines = 12) const;  // since its last start

 private:
  struct Child;
  Child* find(const std::string& name) const;
  Status signal(const std::string& name, int number, ChildState after);
  void watch(Child& child, pid_t pid);
  void spawn_loop();
  pid_t spawn(const Child& child);

  ExitHandler on_exit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Child>> children_;
  std::function<void()> spawn_task_;
  bool closing_ = false;
  // PR_SET_PDEATHSIG follows the *thread* that forked: one thread forks all, and lives as long as this object. The last
  // member: it begins to run while this object is being made, and uses all the others.
  std::thread spawner_;
};

}  // namespace millrace::supervisor
