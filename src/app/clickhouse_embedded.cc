// millrace clickhouse-embedded: the real ClickHouse engine behind ClickHouse's HTTP interface, for one machine.
#include <CLI/CLI.hpp>
#include <optional>

#include "app/service_frame.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "clients/chdb/engine.h"
#include "services/clickhouse_embedded/server.h"

namespace millrace::app {
namespace clickhouse_embedded_command {

using namespace clickhouse_embedded;

int run(int argc, char** argv) {
  CLI::App cli{"The ClickHouse engine behind ClickHouse's HTTP interface. One process owns a data directory.", "millrace clickhouse-embedded"};
  ServerOptions options;
  Credentials credentials;
  chdb::EngineOptions engine_options;
  size_t connections = 64;
  uint64_t free_mb = 256;
  std::optional<uint16_t> metrics_port;
  cli.add_option("--data", engine_options.data, "directory of the tables; made if it isn't there")->required();
  cli.add_option("--port", options.port, "0 picks a free one")->capture_default_str();
  cli.add_option("--host", options.host, "IPv4 address to listen on")->capture_default_str();
  cli.add_option("--user", credentials.user, "the one user that is let in")->capture_default_str();
  cli.add_option("--password", credentials.password, "its password; empty by default");
  cli.add_option("--connections", connections, "queries at once; more wait")->capture_default_str();
  cli.add_option("--free-mb", free_mb,
                 "inserts are refused while the disk has less than this; an insert that meets a full disk may be acknowledged all the same")
      ->capture_default_str();
  cli.add_option("--library", engine_options.library, "libchdb.so; by default where ./dev setup puts it");
  cli.add_option("--engine-option", engine_options.arguments, "one more argument for the engine, as --max_server_memory_usage=…");
  cli.add_option("--metrics-port", metrics_port, "serve /metrics and /healthz; 0 picks a free port");
  CLI11_PARSE(cli, argc, argv);
  log::start("clickhouse");
  engine_options.arguments.push_back("--min_free_disk_bytes_to_perform_insert=" + std::to_string(free_mb << 20));

  ServiceFrame frame;
  auto engine = chdb::Engine::open(engine_options);
  if (!engine) return ServiceFrame::failed(engine.error());
  Pool pool(**engine, connections);
  metrics::Registry registry;
  QueryHandler handler(pool, credentials, Counts(registry));
  Server server(options, handler);
  if (auto started = server.start(); !started) return ServiceFrame::failed(started.error());
  const auto exposed = ServiceFrame::expose(registry, metrics_port);
  if (!exposed) return ServiceFrame::failed(exposed.error());
  frame.listen(options.host, server.port());
  server.stop();
  return 0;
}

const Subcommand subcommand("clickhouse-embedded", "the ClickHouse engine behind its HTTP interface, for one machine", run);

}  // namespace clickhouse_embedded_command
}  // namespace millrace::app
