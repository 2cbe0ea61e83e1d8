#include "tools/check/clickhouse_check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "clients/clickhouse/rows.h"

namespace millrace::check {
namespace {

constexpr double kInsertsLiked = 1;  // a second and table: docs, "About one INSERT query per second"
constexpr int64_t kLingerMostMs = 60'000;

std::string decimal(double number) {
  char text[40];
  std::snprintf(text, sizeof text, number < 10 ? "%.1f" : "%.0f", number);
  return text;
}

bool replicated(const ServerFacts::Table& table) { return table.engine.starts_with("Replicated") || table.engine.starts_with("Shared"); }

const ServerFacts::Table* find(const ServerFacts& server, const std::string& name) {
  const auto at = std::ranges::find(server.tables, name, &ServerFacts::Table::name);
  return at == server.tables.end() ? nullptr : &*at;
}

// Two URLs of a shard, and a table that both have.
std::optional<Finding> judge_pair(const ServerFacts& one, const ServerFacts& other, const ServerFacts::Table& here, const ServerFacts::Table& there) {
  const std::string both = one.url + " and " + other.url;
  const bool same_server = !one.id.empty() && one.id == other.id;
  if (same_server) return std::nullopt;  // two ways to one server
  if (!replicated(here) || !replicated(there)) {
    const bool known = !one.id.empty() && !other.id.empty();
    return Finding{known ? Severity::kError : Severity::kWarning, "table " + here.name,
                   "its engine is " + (replicated(here) ? there.engine : here.engine) + " at " + both +
                       (known ? ", which are different servers" : ", which may be different servers") +
                       ": an insert that is repeated at the other one after a failure would be there twice; name one of them, or make the table replicated "
                       "(`millrace tables apply` with `cluster`)"};
  }
  if (here.keeper_path != there.keeper_path && here.engine.starts_with("Replicated"))
    return Finding{Severity::kError, "table " + here.name,
                   both + " are not replicas of one another (" + here.keeper_path + " and " + there.keeper_path +
                       " in Keeper): an insert that is repeated at the other one would be there twice; list them as two shards"};
  return std::nullopt;
}

void judge_shard(const std::vector<ServerFacts>& servers, std::vector<Finding>& out) {
  if (servers.size() < 2) return;
  for (const auto& table : servers.front().tables)
    for (size_t i = 1; i < servers.size(); ++i)
      if (const auto* there = find(servers[i], table.name))
        if (auto finding = judge_pair(servers.front(), servers[i], table, *there)) out.push_back(std::move(*finding));
}

}  // namespace

std::vector<Finding> judge_inserts(const InsertLoad& load) {
  const double epochs = static_cast<double>(load.workers) * load.lanes * 1000 / static_cast<double>(load.linger.count());
  const double each = epochs / static_cast<double>(load.shards);
  if (each <= kInsertsLiked) return {};
  const auto better_ms =
      static_cast<int64_t>(std::ceil(static_cast<double>(load.workers) * load.lanes / static_cast<double>(load.shards) / kInsertsLiked * 1000));
  std::string text = std::to_string(load.workers) + " workers of " + std::to_string(load.lanes) + " lanes, with an epoch every " +
                     std::to_string(load.linger.count()) + " ms" + (load.shards > 1 ? ", over " + std::to_string(load.shards) + " shards" : "") +
                     ", make up to " + decimal(each) + " inserts a second into each table" + (load.shards > 1 ? " of a shard" : "") + ", " +
                     decimal(each * static_cast<double>(load.tables)) + " into all " + std::to_string(load.tables) +
                     "; ClickHouse likes about one a second and table, and each is a part to be merged";
  if (load.parts_to_throw)
    text += ". If merges can't keep up, parts_to_throw_insert=" + std::to_string(*load.parts_to_throw) + " is reached in " +
            decimal(static_cast<double>(*load.parts_to_throw) / each) + " s";
  text += better_ms <= kLingerMostMs ? ": raise epoch.linger_ms towards " + std::to_string(better_ms) + " where latency allows, or run fewer lanes"
                                     : ": run fewer lanes, or more shards; epochs can't be long enough";
  return {{Severity::kWarning, "inserts", text + "; lanes make longer epochs by themselves when ClickHouse refuses"}};
}

std::vector<Finding> judge_servers(const std::vector<std::vector<ServerFacts>>& shards) {
  std::vector<Finding> out;
  for (const auto& shard : shards)
    for (const ServerFacts& server : shard)
      if (!server.trouble.empty()) out.push_back({Severity::kWarning, "server " + server.url, "it can't be asked: " + server.trouble});
  for (const auto& shard : shards) judge_shard(shard, out);
  // Replicas of one another in two shards: what goes to one is read from both.
  std::map<std::string, size_t> shard_of_path;
  for (size_t i = 0; i < shards.size(); ++i)
    for (const ServerFacts& server : shards[i])
      for (const auto& table : server.tables) {
        if (table.keeper_path.empty()) continue;
        const auto [at, added] = shard_of_path.try_emplace(table.name + " " + table.keeper_path, i);
        if (added || at->second == i) continue;
        out.push_back({Severity::kError, "table " + table.name,
                       "shards " + std::to_string(at->second + 1) + " and " + std::to_string(i + 1) + " are replicas of one another (" + table.keeper_path +
                           " in Keeper): a reader of both sees each row twice; list them as one shard"});
        at->second = i;
      }
  return out;
}

ServerFacts ask_server(const clickhouse::Endpoint& endpoint, const std::vector<std::string>& tables) {
  ServerFacts facts{endpoint.url, "", "", {}, {}};
  clickhouse::Client client(endpoint);
  if (const auto id = client.select("SELECT toString(serverUUID())", "TabSeparated")) facts.id = id->substr(0, id->find('\n'));
  if (facts.id.find_first_not_of("0-") == std::string::npos) facts.id.clear();  // the engine on one machine has none
  std::string names;
  for (const std::string& table : tables) names += (names.empty() ? "" : ", ") + clickhouse::quote_string(table);
  const std::string where = " WHERE database = " + clickhouse::quote_string(endpoint.database);
  const auto rows = client.select("SELECT name, engine FROM system.tables" + where + " AND name IN (" + names + ") ORDER BY name", "TabSeparated");
  if (!rows) return facts.trouble = rows.error().message, facts;
  for (const auto& row : clickhouse::parse_tab_separated(*rows))
    if (row.size() == 2) facts.tables.push_back({row[0], row[1], ""});
  if (std::ranges::any_of(facts.tables, replicated)) {
    const auto paths = client.select("SELECT table, zookeeper_path FROM system.replicas" + where, "TabSeparated");
    if (!paths) return facts.trouble = paths.error().message, facts;
    for (const auto& row : clickhouse::parse_tab_separated(*paths))
      for (auto& table : facts.tables)
        if (row.size() == 2 && row[0] == table.name) table.keeper_path = row[1];
  }
  if (const auto parts = client.select("SELECT value FROM system.merge_tree_settings WHERE name = 'parts_to_throw_insert'", "TabSeparated"))
    if (const uint64_t number = std::strtoull(parts->c_str(), nullptr, 10); number > 0) facts.parts_to_throw = number;
  return facts;
}

}  // namespace millrace::check
