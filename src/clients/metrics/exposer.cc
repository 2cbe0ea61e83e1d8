#include "clients/metrics/exposer.h"

#include "clients/http_server/server.h"

namespace millrace::metrics {

struct Exposer::Impl {
  http_server::Server server;
  explicit Impl(http_server::Options options) : server(std::move(options)) {}
};

Exposer::Exposer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Exposer::Exposer(Exposer&&) noexcept = default;
Exposer& Exposer::operator=(Exposer&&) noexcept = default;
Exposer::~Exposer() = default;

Result<Exposer> Exposer::start(const Registry& registry, uint16_t port, std::function<Health()> health, const std::string& host) {
  http_server::Options options;
  options.host = host;
  options.port = port;
  options.threads = 2;
  auto impl = std::make_unique<Impl>(options);
  impl->server.route("GET", "/metrics", [&registry](auto&, http_server::Response& out) {
    out.content_type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = registry.text();
  });
  impl->server.route("GET", "/healthz", [health](auto&, http_server::Response& out) {
    Health h = health ? health() : Health{};
    out.status = h.healthy ? 200 : 503;
    out.body = h.text + "\n";
  });
  if (auto started = impl->server.start(); !started) return std::unexpected(started.error());
  return Exposer(std::move(impl));
}

uint16_t Exposer::port() const { return impl_->server.port(); }

}  // namespace millrace::metrics
