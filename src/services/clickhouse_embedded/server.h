#pragma once
// Accepts connections and gives each a thread. start() returns when the port listens; stop() (from another thread) ends
// accepting, lets running queries finish for a grace period, then cuts them, and returns when every thread is gone.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/result.h"
#include "services/clickhouse_embedded/query_handler.h"

namespace millrace::clickhouse_embedded {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  std::chrono::seconds idle{600}, stall{30}, grace{5};
};

class Server {
 public:
  Server(ServerOptions options, QueryHandler& handler) : options_(std::move(options)), handler_(handler) {}
  ~Server() { stop(); }
  Status start();
  uint16_t port() const { return port_; }
  void stop();

 private:
  void accept_loop();
  void serve(int socket);
  ServerOptions options_;
  QueryHandler& handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread acceptor_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable gone_;
  std::set<int> sockets_;  // of the threads that are there
  std::set<int> busy_;
};

}  // namespace millrace::clickhouse_embedded
