#pragma once
// Serves /metrics and /healthz of a process.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "clients/metrics/registry.h"

namespace millrace::metrics {

// What /healthz says: 200 and the text when healthy, 503 and the text otherwise. Called on a server thread.
struct Health {
  bool healthy = true;
  std::string text = "ok";
};

class Exposer {
 public:
  // Port 0 picks a free one. The registry must outlive the exposer.
  static Result<Exposer> start(const Registry& registry, uint16_t port, std::function<Health()> health = {}, const std::string& host = "127.0.0.1");
  Exposer(Exposer&&) noexcept;
  Exposer& operator=(Exposer&&) noexcept;
  ~Exposer();
  uint16_t port() const;

 private:
  struct Impl;
  explicit Exposer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::metrics
