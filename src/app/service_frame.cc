#include "app/service_frame.h"

#include <cstdio>

#include "base/log.h"

namespace millrace::app {

namespace {

void stopping(int signal) { log::info("{}: stopping", signal == SIGINT ? "SIGINT" : "SIGTERM"); }

}  // namespace

ServiceFrame::ServiceFrame() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

Result<std::optional<metrics::Exposer>> ServiceFrame::expose(const metrics::Registry& metrics, std::optional<uint16_t> port,
                                                             std::function<metrics::Health()> health) {
  if (!port) return std::nullopt;
  auto exposer = metrics::Exposer::start(metrics, *port, std::move(health));
  if (!exposer) return std::unexpected(exposer.error());
  log::info("metrics on 127.0.0.1:{}", exposer->port());
  return std::move(*exposer);
}

Result<bool> ServiceFrame::wait_until(const std::function<Result<bool>()>& current) {
  const timespec at_once{0, 0};
  while (true) {
    const auto now = current();
    if (!now || *now) return now;
    if (const int signal = sigtimedwait(&signals_, nullptr, &at_once); signal > 0) return stopping(signal), false;
  }
}

void ServiceFrame::listen(const std::string& host, int port) {
  std::printf("listening on %s:%d\n", host.c_str(), port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals_, &signal);
  stopping(signal);
}

int ServiceFrame::failed(const Error& error) {
  log::error("{}", error.message);
  return 1;
}

}  // namespace millrace::app
