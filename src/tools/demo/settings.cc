#include "tools/demo/settings.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "tools/supervisor/gate.h"

namespace millrace::demo {

bool wants(const Settings& settings, const std::string& part) { return settings.only.empty() || std::ranges::find(settings.only, part) != settings.only.end(); }

bool bills(const Settings& settings) { return settings.rules && wants(settings, "billing"); }

Result<Ports> choose_ports(const Settings& settings) {
  Ports ports;
  ports.workers.resize(static_cast<size_t>(settings.workers));
  std::vector<std::pair<uint16_t*, std::string>> wanted{{&ports.control, "control"},
                                                        {&ports.broker, "broker"},
                                                        {&ports.registry, "registry"},
                                                        {&ports.clickhouse, "ClickHouse"},
                                                        {&ports.catalog, "catalog"},
                                                        {&ports.billing, "billing"},
                                                        {&ports.broker_controller, "broker's controller"},
                                                        {&ports.registry_metrics, "registry's metrics"},
                                                        {&ports.catalog_metrics, "catalog's metrics"},
                                                        {&ports.billing_metrics, "billing's metrics"},
                                                        {&ports.loadgen_metrics, "loadgen's metrics"}};
  for (auto& worker : ports.workers)
    for (uint16_t* port : {&worker.metrics, &worker.broker_gate, &worker.broker_listener, &worker.clickhouse_gate, &worker.registry_gate, &worker.billing_gate})
      wanted.emplace_back(port, "a worker");
  auto& warehouse = ports.warehouse;
  for (uint16_t* port : {&warehouse.metrics, &warehouse.broker_gate, &warehouse.broker_listener, &warehouse.registry_gate})
    wanted.emplace_back(port, "the warehouse worker");
  std::set<uint16_t> given;
  int next = settings.port_base;
  for (auto& [port, who] : wanted) {
    if (settings.port_base == 0) {
      do {
        auto free = supervisor::pick_free_port();
        if (!free) return std::unexpected(free.error());
        *port = *free;
      } while (!given.insert(*port).second);
      continue;
    }
    if (next > 65535)
      return permanent("--ports " + std::to_string(settings.port_base) + " is too high: " + std::to_string(wanted.size()) + " ports are needed from there on");
    *port = static_cast<uint16_t>(next++);
    if (!supervisor::is_free(*port))
      return permanent("port " + std::to_string(*port) + " (" + who +
                       ") is taken: stop who listens there, or choose another range with --ports N (0: free ones)");
  }
  return ports;
}

Result<DataDirectory> DataDirectory::open(const std::string& path) {
  std::error_code error;
  const std::string whole = std::filesystem::absolute(path, error).lexically_normal();
  for (const char* folder : {"logs", "kafka", "clickhouse", "billing", "warehouse"}) std::filesystem::create_directories(whole + "/" + folder, error);
  if (error) return permanent(whole + " can't be made: " + error.message() + ". Choose another with --data DIR");
  const auto space = std::filesystem::space(whole, error);
  if (!error && space.available < (uint64_t{1} << 30))
    return permanent("only " + std::to_string(space.available >> 20) + " MB are free at " + whole +
                     ", the demo needs 1024: free some, or choose another place with --data DIR");
  const int lock = ::open((whole + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return permanent(whole + " can't be written: " + std::strerror(errno) + ". Choose another with --data DIR");
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    (void)!pread(lock, pid, sizeof pid - 1, 0);
    close(lock);
    return permanent("another demo (pid " + std::string(pid) + ") runs in " + whole + ": stop it, or choose another directory with --data DIR");
  }
  const std::string pid = std::to_string(getpid());
  (void)!ftruncate(lock, 0);
  (void)!pwrite(lock, pid.data(), pid.size(), 0);
  return DataDirectory(whole, lock);
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);
}

}  // namespace millrace::demo
