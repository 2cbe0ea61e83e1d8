#pragma once
// What stands around every service of the binary: signals, /metrics, the line that says where it listens, the log's last one.

#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "clients/metrics/exposer.h"

namespace millrace::app {

class ServiceFrame {
 public:
  // Before any thread exists: SIGTERM and SIGINT are blocked in all of them, and left to the waits below.
  ServiceFrame();

  // /metrics and /healthz for as long as it is kept, if there is a port (0 picks a free one).
  static Result<std::optional<metrics::Exposer>> expose(const metrics::Registry& metrics, std::optional<uint16_t> port,
                                                        std::function<metrics::Health()> health = {});
  // Asks `current` (which waits a moment itself) until it says true; false: a signal came first.
  Result<bool> wait_until(const std::function<Result<bool>()>& current);
  // Says where it listens, on standard output, and waits for a signal.
  void listen(const std::string& host, int port);
  // The exit status of a service that can't start or go on; the log says why.
  static int failed(const Error& error);

 private:
  sigset_t signals_;
};

}  // namespace millrace::app
