#pragma once
// A real single-node Apache Kafka (KRaft) on this machine: how it is set up and started. Everyone who needs one (the
// demo, the C++ tests, the end-to-end tests through `millrace broker`) starts it this way.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::broker {

struct BrokerSettings {
  std::string data;  // directory; keeps log, metadata, ports and the broker's own log file
  std::string host = "127.0.0.1";
  uint16_t port = 0;             // 0: the one of the last start in this directory, or a free one
  uint16_t advertised_port = 0;  // what clients are told to connect to: a relay's port; 0: `port`
  int heap_mb = 512;
  std::string deps;                              // where kafka-3.9.2/libs is; empty: $MILLRACE_DEPS or ~/.cache/millrace/deps
  std::map<std::string, std::string> overrides;  // of server.properties
};

// Ready to be executed; the process that does is the broker itself. SIGTERM stops it cleanly.
struct BrokerCommand {
  std::vector<std::string> argv;
  std::string address;  // host:port that the broker listens on
  uint16_t port = 0;
  std::string log_file;
};

// Writes server.properties and the logging configuration, formats the storage if it isn't, and
// returns the command. Idempotent. Permanent errors: no java, no jars, directory not writable.
Result<BrokerCommand> prepare(const BrokerSettings& settings);

// What server.properties will hold.
std::map<std::string, std::string> server_properties(const BrokerSettings& settings, uint16_t controller_port);

// Whether something accepts connections there.
bool accepts_connections(const std::string& host, uint16_t port);

uint16_t free_port();  // on loopback; free at the moment of asking

}  // namespace millrace::broker
