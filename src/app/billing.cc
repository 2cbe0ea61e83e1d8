// millrace billing: what tenants used, summed up exactly once; and the questions that a person asks of it.
#include <CLI/CLI.hpp>
#include <optional>

#include "app/billing_options.h"
#include "app/service_frame.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "services/billing/service.h"

namespace millrace::app {
namespace {

constexpr const char* kAbout =
    "Without a subcommand: the service. It takes plans over gRPC from workers, whole and once, and keeps totals by tenant, meter and window in SQLite\n"
    "or PostgreSQL. A range that is missing or comes twice is refused, and alarms. With SQLite there is one process; with PostgreSQL several may serve.\n\n"
    "  millrace billing --database sqlite:/var/lib/millrace/billing.db\n"
    "  millrace billing --database postgresql://billing@db/billing --listen 0.0.0.0:8092 --metrics-port 9092\n"
    "  millrace billing usage acme --month 2026-10 --by day\n"
    "  millrace billing statement acme --month 2026-10\n"
    "  millrace billing explain acme turnover --month 2026-10\n"
    "  millrace billing close-month 2026-10\n\n"
    "docs/billing.md tells the rest; contracts/proto/millrace/billing/v1/billing.proto is the interface, which the service reflects too.";

int64_t unix_now_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

int serve(const billing::ServiceSettings& settings, std::optional<uint16_t> metrics_port) {
  log::start("billing");
  ServiceFrame frame;
  metrics::Registry metrics;
  auto service = billing::Service::start(settings, metrics);
  if (!service) return ServiceFrame::failed(service.error());
  const auto health = [&]() -> metrics::Health {
    if (const auto trouble = (*service)->trouble()) return {false, *trouble};
    return {true, "ok"};
  };
  const auto exposed = ServiceFrame::expose(metrics, metrics_port, health);
  if (!exposed) return ServiceFrame::failed(exposed.error());
  frame.listen(settings.listen.substr(0, settings.listen.rfind(':')), (*service)->port());
  (*service)->stop();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App cli{kAbout, "millrace billing"};
  billing::ServiceSettings settings;
  settings.listen = "127.0.0.1:8092";
  std::optional<uint16_t> metrics_port;
  double keep_days = 62;
  int64_t lock_wait_ms = settings.ledger.database.lock_wait.count();
  cli.add_option("--database", settings.ledger.database.url, "sqlite:/path (made if it is missing) or postgresql://user@host/name")
      ->envname("MILLRACE_BILLING_DATABASE");
  cli.add_option("--listen", settings.listen, "HOST:PORT, port 0 picks a free one; there is no authentication: put something in front that has")
      ->capture_default_str();
  cli.add_option("--generation", settings.ledger.generation, "above the stored one: begins the ledger anew; the former one stays readable")
      ->capture_default_str();
  cli.add_option("--keep-days", keep_days, "plans are kept for so long, so that figures can be explained and late repeats are recognised; 1 at least")
      ->capture_default_str();
  cli.add_option("--lock-wait-ms", lock_wait_ms, "for another process's lock on the database")->capture_default_str();
  cli.add_option("--metrics-port", metrics_port, "serve /metrics and /healthz; 0 picks a free port");
  auto acts = billing_figures(cli);
  for (auto& act : billing_ledger(cli)) acts.push_back(std::move(act));
  cli.require_subcommand(0, 1);
  CLI11_PARSE(cli, argc, argv);
  for (const auto& [command, act] : acts)
    if (command->parsed()) return act();
  if (settings.ledger.database.url.empty()) {
    std::fprintf(stderr, "millrace billing: --database is needed to serve: sqlite:/path or postgresql://user@host/name; --help shows the rest\n");
    return 2;
  }
  settings.ledger.database.lock_wait = std::chrono::milliseconds(lock_wait_ms);
  settings.ledger.keep = std::chrono::hours(static_cast<int64_t>(keep_days * 24));
  settings.ledger.now_ms = unix_now_ms;
  return serve(settings, metrics_port);
}

const Subcommand subcommand("billing", "what tenants used, summed up exactly once; usage, statements, explanations", run);

}  // namespace
}  // namespace millrace::app
