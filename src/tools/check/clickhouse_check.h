#pragma once
// What of the ClickHouse servers, and of how often the fleet inserts into them, would break exactly once or wear them out.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/clickhouse/client.h"
#include "tools/check/finding.h"

namespace millrace::check {

struct InsertLoad {
  int workers = 1, lanes = 1;  // lanes of a worker
  size_t tables = 1, shards = 1;
  std::chrono::milliseconds linger{500};
  std::optional<uint64_t> parts_to_throw;  // the server's parts_to_throw_insert; none: not known
};

// An epoch of a lane is one insert for each table that it has rows for.
std::vector<Finding> judge_inserts(const InsertLoad& load);

// A server, as it is asked for by one of the settings' URLs.
struct ServerFacts {
  struct Table {
    std::string name, engine, keeper_path;  // keeper_path: of a replicated one
  };
  std::string url;
  std::string id;       // serverUUID(); "": not known
  std::string trouble;  // it couldn't be asked: why
  std::vector<Table> tables;
  std::optional<uint64_t> parts_to_throw;
};

// `shards`: for each, the servers that are said to be replicas of one another.
std::vector<Finding> judge_servers(const std::vector<std::vector<ServerFacts>>& shards);

ServerFacts ask_server(const clickhouse::Endpoint& endpoint, const std::vector<std::string>& tables);

}  // namespace millrace::check
