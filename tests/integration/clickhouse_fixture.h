#pragma once
// A `millrace clickhouse-embedded` of its own for a test: on a free loopback port, in a directory that is removed at the end.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/scratch_directory.h"

namespace millrace::test {

class ClickhouseFixture {
 public:
  struct Options {
    std::string user = "default", password;
    bool kill_at_rename = false;  // starts with the fault library: arm_kill() loads it
  };
  ClickhouseFixture() : ClickhouseFixture(Options{}) {}
  explicit ClickhouseFixture(Options options);  // running when it returns
  ~ClickhouseFixture();
  ClickhouseFixture(const ClickhouseFixture&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  uint16_t port() const { return port_; }
  const std::string& directory() const { return directory_.path(); }
  pid_t pid() const { return pid_; }

  void kill9();                                          // and waits until it is gone
  int stop();                                            // SIGTERM; the exit status
  void start();                                          // after kill9() or stop(): same directory, same port
  bool running();                                        // false once it has died by itself
  void arm_kill(int nth, const std::string& word = {});  // SIGKILL at the nth rename of a new part from now

 private:
  Options options_;
  ScratchDirectory directory_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// Bytes as a peer on the wire sees them: for bodies that are cut short or stall.
class RawConnection {
 public:
  explicit RawConnection(uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  void send(std::string_view bytes);
  void end_sending();         // half-closes
  std::string read_to_end();  // until the peer closes, or 20 s pass

 private:
  int socket_;
};

}  // namespace millrace::test
