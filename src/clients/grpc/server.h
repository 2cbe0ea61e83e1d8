#pragma once
// A gRPC server with the standard health service and reflection.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace grpc {
class Service;
}

namespace millrace::rpc {

struct Served {
  ::grpc::Service* service;
  std::string name;  // full, for its health: Service::service_full_name()
};

class Server {
 public:
  // `listen`: HOST:PORT, port 0 picks a free one. Plain text, no authentication. The services outlive the server, and are called on its threads,
  // several at once. kPermanent: the address can't be had. Health says SERVING from now on.
  static Result<Server> start(const std::string& listen, const std::vector<Served>& services);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();  // stop(0)

  int port() const;
  // What the health service answers, for the server ("") and each of its services.
  void set_serving(bool serving);
  // Takes no more calls; those under way are cancelled after `grace`. Blocks until the last one has ended.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::rpc
