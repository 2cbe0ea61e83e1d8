#pragma once
// What `millrace demo` is told, and the ports that follow from it.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::demo {

struct Settings {
  std::string binary;             // the millrace binary that the children run
  std::string data = "var/demo";  // survives; one demo at a time
  int workers = 2;
  int lanes = 2;                             // per worker
  int port_base = 17000;                     // 0: every port is a free one
  double rate = 2000;                        // events/s
  int linger_ms = 500;                       // of an epoch
  std::vector<std::string> only;             // of broker, clickhouse, registry, catalog, billing, workers; empty: all
  bool rules = true;                         // the catalog and billing are started, and tenants have rules
  bool warehouse = true;                     // a worker with a pipeline of its own writes Parquet files
  bool load = true;                          // loadgen is started
  bool gates = true;                         // workers reach the others through gates
  bool respawn = false;                      // a child that ends by itself is started again
  bool quiet = false;                        // no line a second
  int session_timeout_ms = 10'000;           // of a worker in its consumer group
  int warehouse_linger_ms = 10'000;          // of an epoch of the warehouse
  std::vector<std::string> loadgen_options;  // added to loadgen's command line
  std::vector<std::string> worker_options;   // added to each worker's
  std::vector<std::string> environment;      // CHILD:NAME=VALUE (tests: LD_PRELOAD)
};

bool wants(const Settings& settings, const std::string& part);
bool bills(const Settings& settings);  // workers send what meters measure to billing

struct Ports {
  uint16_t control = 0, broker = 0, registry = 0, clickhouse = 0, catalog = 0, billing = 0;
  uint16_t broker_controller = 0, registry_metrics = 0, catalog_metrics = 0, billing_metrics = 0, loadgen_metrics = 0;
  struct Worker {
    uint16_t metrics = 0;
    uint16_t broker_gate = 0, broker_listener = 0;  // the broker tells the worker to come through the gate
    uint16_t registry_gate = 0;
    uint16_t clickhouse_gate = 0, billing_gate = 0;  // none for the warehouse's
  };
  std::vector<Worker> workers;
  Worker warehouse;
};

// Free ones, or base, base+1, …: the error names the first that is taken and how to choose others.
Result<Ports> choose_ports(const Settings& settings);

// The directory, made and locked for this process; the error says who holds it, or that the disk is too full.
class DataDirectory {
 public:
  static Result<DataDirectory> open(const std::string& path);
  DataDirectory(DataDirectory&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) { other.lock_ = -1; }
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();
  const std::string& path() const { return path_; }  // absolute
  std::string log_of(const std::string& child) const { return path_ + "/logs/" + child + ".log"; }

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

}  // namespace millrace::demo
