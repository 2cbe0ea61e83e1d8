// millrace tables plan|apply: the ClickHouse tables of topics, from their schemas.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "app/subcommand.h"
#include "base/log.h"
#include "clients/clickhouse/rows.h"
#include "clients/clickhouse/table_name.h"
#include "pipeline/lane/settings.h"
#include "tables/existing.h"
#include "tables/sources.h"

namespace millrace::app {
namespace tables_command {

using namespace tables;

struct Options {
  clickhouse::Endpoint clickhouse{.url = "http://127.0.0.1:8123", .password = {}};
  std::string database = "default", schemas, registry;
  std::vector<std::string> topics;
  TableDefinition shape;
  std::string settings, pipeline;
  std::vector<std::string> servers;  // that the statements are run at
  bool all_shards = false, apply = false;

  // From the workers' settings: where the tables are, and of which cluster.
  Status read_settings() {
    servers = {clickhouse.url};
    if (settings.empty()) return {};
    const auto all = pipeline::read_worker_settings(settings);
    if (!all) return std::unexpected(all.error());
    const pipeline::PipelineSettings* worker = nullptr;
    for (const auto& each : all->pipelines) {
      if (each.clickhouse_shards.empty() || (!pipeline.empty() && each.pipeline != pipeline)) continue;
      if (worker) return permanent(settings + ": several of its pipelines have `clickhouse`: say which with --pipeline");
      worker = &each;
    }
    if (!worker) return permanent(settings + ": there is no" + (pipeline.empty() ? "" : " pipeline " + pipeline + " with") + " `clickhouse` in it");
    const std::string mine = clickhouse.password;
    clickhouse = worker->clickhouse;
    if (!mine.empty()) clickhouse.password = mine;
    database = std::exchange(clickhouse.database, "default");
    shape.cluster = worker->clickhouse_cluster;
    all_shards = all_shards || (!shape.cluster.empty() && worker->clickhouse_shards.size() > 1);
    servers = {clickhouse.url};
    if (!shape.cluster.empty()) return {};  // any server of it runs them everywhere
    servers.clear();
    for (const auto& shard : worker->clickhouse_shards) servers.insert(servers.end(), shard.begin(), shard.end());
    if (servers.size() > worker->clickhouse_shards.size()) shape.replicated = true;
    return {};
  }
};

enum : int { kNothingToDo = 0, kFailed = 1, kSomethingToDo = 2 };

int carry_out(clickhouse::Client& client, const Options& options, const std::string& name, const Result<Difference>& todo) {
  if (!todo) return std::fprintf(stderr, "%s: %s\n", name.c_str(), todo.error().message.c_str()), kFailed;
  for (const std::string& note : todo->notes) std::printf("-- %s: %s\n", name.c_str(), note.c_str());
  for (const std::string& refusal : todo->refusals) std::fprintf(stderr, "%s: %s\n", name.c_str(), refusal.c_str());
  if (!todo->refusals.empty()) return kFailed;
  if (todo->statements.empty()) return std::printf("-- %s: nothing to do\n", name.c_str()), kNothingToDo;
  for (const std::string& statement : todo->statements) std::printf("%s;\n", statement.c_str());
  if (!options.apply) return kSomethingToDo;
  if (auto done = apply(client, *todo); !done) return std::fprintf(stderr, "%s: %s\n", name.c_str(), done.error().message.c_str()), kFailed;
  return kNothingToDo;
}

// The worst status wins: failed, then something to do.
int worse(int one, int other) {
  if (one == kFailed || other == kFailed) return kFailed;
  return std::max(one, other);
}

int table_of(clickhouse::Client& client, const Options& options, std::string table, std::vector<columns::NamedType> events) {
  TableDefinition wanted = options.shape;
  wanted.database = options.database;
  wanted.table = std::move(table);
  wanted.events = std::move(events);
  const std::string name = options.database + "." + wanted.table;
  const int status = carry_out(client, options, name, plan(client, wanted));
  if (!options.all_shards || status == kFailed) return status;
  return worse(status, carry_out(client, options, options.database + "." + all_shards_name(wanted), plan_all_shards(client, wanted)));
}

int tables_at(const Options& options, const std::string& server, const std::vector<TopicSchema>& schemas) {
  clickhouse::Endpoint endpoint = options.clickhouse;
  endpoint.url = server;
  clickhouse::Client client(std::move(endpoint));  // in the database `default`, which is always there
  auto databases = client.select("SELECT count() FROM system.databases WHERE name = " + clickhouse::quote_string(options.database), "TabSeparated");
  if (!databases) return std::fprintf(stderr, "%s\n", databases.error().message.c_str()), kFailed;
  int status = kNothingToDo;
  if (*databases == "0\n") {
    const std::string statement = "CREATE DATABASE IF NOT EXISTS " + clickhouse::quote_identifier(options.database) + on_cluster(options.shape);
    std::printf("%s;\n", statement.c_str());
    status = kSomethingToDo;
    if (options.apply) {
      if (auto done = client.execute(statement); !done) return std::fprintf(stderr, "%s\n", done.error().message.c_str()), kFailed;
      status = kNothingToDo;
    }
  }
  for (const TopicSchema& schema : schemas) {
    auto events = columns_of(schema);
    if (!events) std::fprintf(stderr, "%s: %s\n", schema.topic.c_str(), events.error().message.c_str());
    status = worse(status, events ? table_of(client, options, clickhouse::table_of_topic(schema.topic), std::move(*events)) : kFailed);
  }
  return worse(status, table_of(client, options, clickhouse::kLeftOutTable, left_out_columns()));
}

int all_tables(const Options& options) {
  auto schemas = options.registry.empty() ? schemas_of_directory(options.schemas, options.topics) : schemas_of_registry(options.registry, options.topics);
  if (!schemas) return std::fprintf(stderr, "%s\n", schemas.error().message.c_str()), kFailed;
  if (schemas->empty()) return std::fprintf(stderr, "there is no schema of any topic in %s\n", (options.registry + options.schemas).c_str()), kFailed;
  int status = kNothingToDo;
  for (const std::string& server : options.servers) {
    if (options.servers.size() > 1) std::printf("-- %s\n", server.c_str());
    status = worse(status, tables_at(options, server, *schemas));
  }
  return status;
}

int run(int argc, char** argv) {
  CLI::App cli{
      "ClickHouse tables of topics, from their schemas: `plan` prints the statements that are needed and ends with status 2 if "
      "there are any, `apply` runs them. Status 1: refused, or failed.",
      "millrace tables"};
  Options options;
  cli.require_subcommand(1);
  cli.fallthrough();
  cli.add_subcommand("plan", "print what apply would do");
  auto* apply_command = cli.add_subcommand("apply", "make and mend the tables");
  auto* source = cli.add_option_group("schemas");
  source->add_option("--schemas", options.schemas, "directory with <topic>.avsc");
  source->add_option("--registry", options.registry, "URL of the schema registry: the latest version of <topic>-value");
  source->require_option(1);
  cli.add_option("--topic", options.topics, "only this topic; may be given several times; by default all that have a schema");
  auto* server = cli.add_option("--clickhouse", options.clickhouse.url, "URL of ClickHouse's HTTP interface")->capture_default_str();
  auto* user = cli.add_option("--user", options.clickhouse.user, "its user")->capture_default_str();
  cli.add_option("--password", options.clickhouse.password, "its password")->envname("MILLRACE_CLICKHOUSE_PASSWORD");
  auto* database = cli.add_option("--database", options.database, "made if it isn't there")->capture_default_str();
  cli.add_option("--settings", options.settings, "the workers' settings (YAML): servers, user, database and cluster come from there")
      ->excludes(server)
      ->excludes(user)
      ->excludes(database);
  cli.add_option("--pipeline", options.pipeline, "which of the settings' pipelines, if several have `clickhouse`")->needs("--settings");
  cli.add_flag("--replicated", options.shape.replicated, "ReplicatedMergeTree instead of MergeTree");
  cli.add_option("--cluster", options.shape.cluster, "run the statements ON CLUSTER this, and replicate the tables within its shards");
  cli.add_flag("--all-shards", options.all_shards, "beside each table a Distributed one, <table>_all, for readers")->needs("--cluster");
  cli.add_option("--ttl-days", options.shape.ttl_days, "rows are removed so many days after they came in; 0: never")->capture_default_str();
  cli.add_option("--window", options.shape.window, "deduplication tokens kept: more than the whole fleet inserts in 10 s")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  log::start("tables");
  options.apply = apply_command->parsed();
  if (auto read = options.read_settings(); !read) return std::fprintf(stderr, "%s\n", read.error().message.c_str()), kFailed;
  return all_tables(options);
}

const Subcommand subcommand("tables", "makes ClickHouse tables of topics from their schemas", run);

}  // namespace tables_command
}  // namespace millrace::app
