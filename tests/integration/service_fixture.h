#pragma once
// A service of millrace as a process, for a test program.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/scratch_directory.h"

namespace millrace::test {

// `millrace ARGUMENTS`, which must print "listening on HOST:PORT" when it is ready. It dies with the test program.
class ServiceFixture {
 public:
  explicit ServiceFixture(std::vector<std::string> arguments);
  ~ServiceFixture();
  ServiceFixture(const ServiceFixture&) = delete;

  void start();                             // after end(); returns when it is ready
  int end(int signal);                      // the wait status
  std::string url() const { return url_; }  // another one after every start
  std::string log() const;

 private:
  const std::vector<std::string> arguments_;
  ScratchDirectory directory_;
  std::string url_;
  pid_t pid_ = -1;
};

}  // namespace millrace::test
