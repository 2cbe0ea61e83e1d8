#include "services/billing/service.h"

#include "base/log.h"
#include "clients/grpc/server.h"
#include "services/billing/billing_rpc.h"

namespace millrace::billing {
namespace {

sql::Settings reading(sql::Settings settings) {
  settings.read_only = true;
  return settings;
}

}  // namespace

struct Service::Impl {
  std::unique_ptr<Ledger> ledger;
  LedgerReader reader;
  BillingRpc calls;
  std::optional<rpc::Server> server;
  std::mutex mutex;
  std::condition_variable stopping_changed;
  bool stopping = false;
  std::thread tidy;

  Impl(std::unique_ptr<Ledger> l, sql::Settings read) : ledger(std::move(l)), reader(std::move(read)), calls(*ledger, reader) {}

  bool is_stopping() {
    std::lock_guard lock(mutex);
    return stopping;
  }

  void tidy_loop(std::chrono::seconds every) {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      int64_t forgotten = 0;
      while (!is_stopping()) {
        const auto some = ledger->forget_old();
        if (!some || *some == 0) break;
        forgotten += *some;
      }
      if (forgotten > 0) log::info("{} plans are older than they are kept, and forgotten; their figures stay", forgotten);
      lock.lock();
      stopping_changed.wait_for(lock, every, [&] { return stopping; });
    }
  }
};

Result<std::unique_ptr<Service>> Service::start(const ServiceSettings& settings, metrics::Registry& metrics) {
  auto ledger = Ledger::open(settings.ledger, metrics);
  if (!ledger) return std::unexpected(ledger.error());
  auto impl = std::make_unique<Impl>(std::move(*ledger), reading(settings.ledger.database));
  auto server = rpc::Server::start(settings.listen, {{&impl->calls, v1::Billing::service_full_name()}});
  if (!server) return std::unexpected(server.error());
  impl->server = std::move(*server);
  impl->tidy = std::thread([raw = impl.get(), every = settings.tidy_every] { raw->tidy_loop(every); });
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() { stop(); }

int Service::port() const { return impl_->server->port(); }
std::optional<std::string> Service::trouble() const { return impl_->ledger->trouble(); }

void Service::stop() {
  if (impl_->server) impl_->server->stop(std::chrono::seconds(5));
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->stopping_changed.notify_all();
  if (impl_->tidy.joinable()) impl_->tidy.join();
}

}  // namespace millrace::billing
