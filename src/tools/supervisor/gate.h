#pragma once
// A TCP relay of ours between two processes, whose behaviour can be changed while it runs: what a network does to people.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"

namespace millrace::supervisor {

enum class GateMode {
  kPass,
  kRefuse,     // nobody listens; connections that are open are reset
  kHang,       // connections stay open and new ones are accepted, but no byte goes either way
  kReset,      // every connection is reset, new ones at once
  kSlow,       // bytes_per_s in each direction and connection
  kLoseReply,  // requests go through; when the reply comes, it is dropped and the connection reset
};
const char* name(GateMode mode);
std::optional<GateMode> parse_gate_mode(const std::string& text);

struct GateRule {
  GateMode mode = GateMode::kPass;
  int64_t bytes_per_s = 20'000;  // kSlow
  // kLoseReply: which replies. `match`: only those to requests that hold this text (HTTP). `kafka_api`: only those to
  // requests of this api key of Kafka's protocol (26 is EndTxn), -1: no Kafka. `count`: pass again after so many, 0: never.
  std::string match{};
  int kafka_api = -1;
  int count = 0;
};

struct GateCounts {
  uint64_t connections = 0, bytes_to_server = 0, bytes_to_client = 0, replies_lost = 0, resets = 0;
};

// One thread of its own. start() listens when it returns; set() works from any thread and takes effect within 20 ms.
class Gate {
 public:
  Gate(uint16_t listen_port, uint16_t server_port);  // on 127.0.0.1; listen_port 0 picks a free one
  ~Gate();
  Gate(const Gate&) = delete;
  Status start();
  void stop();
  void set(GateRule rule);
  GateRule rule() const;
  void set_server_port(uint16_t port) { server_port_ = port; }
  uint16_t port() const { return port_; }
  GateCounts counts() const;

 private:
  struct Loop;
  uint16_t port_;
  std::atomic<uint16_t> server_port_;
  mutable std::mutex mutex_;
  GateRule rule_;
  GateCounts counts_;
  std::atomic<bool> closing_{false};
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

// A port of 127.0.0.1 that nobody listens on now. `is_free` tells whether a given one can be listened on.
Result<uint16_t> pick_free_port();
bool is_free(uint16_t port);
// Whether somebody accepts connections there. Unlike is_free(), it never holds the port itself.
bool accepts(uint16_t port);

}  // namespace millrace::supervisor
