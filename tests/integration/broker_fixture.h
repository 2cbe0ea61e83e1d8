#pragma once
// The real Kafka broker for a test program.

#include <sys/types.h>

#include <map>
#include <string>

#include "base/scratch_directory.h"
#include "clients/kafka/types.h"

namespace millrace::test {

// A single-node broker in a directory of its own, on free ports of loopback. Starting takes about four seconds: one a
// test program is the rule (shared()); only tests that stop or kill it have their own. It dies with the test program.
class BrokerFixture {
 public:
  explicit BrokerFixture(std::map<std::string, std::string> server_properties = {});
  ~BrokerFixture();  // kills it and removes its directory
  BrokerFixture(const BrokerFixture&) = delete;
  BrokerFixture& operator=(const BrokerFixture&) = delete;

  static BrokerFixture& shared();

  const std::string& address() const { return address_; }
  kafka::KafkaProperties properties() const;
  // A topic of a name that no other test has: "prefix-7".
  std::string make_topic(const std::string& prefix, int32_t partitions = 1, const std::map<std::string, std::string>& configs = {});
  void make_named_topic(const std::string& name, int32_t partitions, const std::map<std::string, std::string>& configs = {});
  std::string unique(const std::string& prefix);  // for groups and transactional ids

  void start();   // same ports, same data; returns when it answers
  void stop();    // SIGTERM, waits
  void kill();    // SIGKILL, waits
  void freeze();  // SIGSTOP
  void thaw();    // SIGCONT
  pid_t pid() const { return pid_; }

 private:
  std::map<std::string, std::string> overrides_;
  ScratchDirectory data_;
  std::string address_;
  pid_t pid_ = -1;
  int next_ = 0;
};

}  // namespace millrace::test
