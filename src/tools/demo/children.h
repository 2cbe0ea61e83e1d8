#pragma once
// The command lines of the demo's processes: the one place that knows the other subcommands' options.

#include <string>
#include <vector>

#include "tools/demo/settings.h"
#include "tools/supervisor/supervisor.h"

namespace millrace::demo {

supervisor::ChildSpec broker_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec clickhouse_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec registry_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
// Makes the topics, registers the schemas, and ends.
supervisor::ChildSpec prepare_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
// Makes the tables from the registered schemas, and ends.
supervisor::ChildSpec tables_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec catalog_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec billing_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec worker_child(const Settings& settings, const Ports& ports, const DataDirectory& data, int worker);  // from 1 on; writes its settings file
supervisor::ChildSpec warehouse_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec loadgen_child(const Settings& settings, const Ports& ports, const DataDirectory& data);
supervisor::ChildSpec audit_child(const Settings& settings, const Ports& ports, const DataDirectory& data);

inline std::string worker_name(int worker) { return "worker-" + std::to_string(worker); }
inline std::string pseudonym_key_file(const DataDirectory& data) { return data.path() + "/pseudonym.key"; }
inline constexpr const char* kDatabase = "millrace";
inline constexpr const char* kWarehouseWorker = "warehouse-worker";
inline constexpr const char* kPipeline = "millrace";  // and the consumer group

}  // namespace millrace::demo
