#include "tools/operate/shard_clients.h"

namespace millrace::operate {

std::vector<clickhouse::Client> shard_clients(const Settings& settings) {
  std::vector<clickhouse::Client> clients;
  if (!settings.clickhouse) return clients;
  for (const auto& replicas : settings.clickhouse_shards) clients.emplace_back(std::make_shared<clickhouse::EndpointGroup>(*settings.clickhouse, replicas));
  if (clients.empty()) clients.emplace_back(*settings.clickhouse);
  return clients;
}

Result<clickhouse::Client> client_of_plan(const Settings& settings, const pipeline::Plan& plan) {
  auto clients = shard_clients(settings);
  const size_t shard = shard_of(plan);
  if (shard < clients.size()) return std::move(clients[shard]);
  return permanent("the plan's rows go to shard " + std::to_string(shard + 1) + ", and " + std::to_string(clients.size()) +
                   " shards of ClickHouse are named: say the workers' settings, with all of them");
}

}  // namespace millrace::operate
