#include "integration/service_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/result.h"

namespace millrace::test {

using namespace std::chrono_literals;

ServiceFixture::ServiceFixture(std::vector<std::string> arguments) : arguments_(std::move(arguments)) { start(); }

ServiceFixture::~ServiceFixture() {
  if (pid_ > 0) end(SIGKILL);
}

void ServiceFixture::start() {
  const std::string out = directory_ / "out", err = directory_ / "err";
  ::unlink(out.c_str());
  std::vector<std::string> words = arguments_;
  words.insert(words.begin(), MILLRACE_BINARY);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  url_.clear();
  for (const auto until = std::chrono::steady_clock::now() + 60s; url_.empty() && std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(5ms)) {
    MILLRACE_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, arguments_[0] + " ended: " + log());
    std::ifstream file(out);
    std::string line;
    if (std::getline(file, line) && !file.eof() && line.starts_with("listening on ")) url_ = "http://" + line.substr(13);
  }
  MILLRACE_CHECK(!url_.empty(), arguments_[0] + " isn't ready: " + log());
}

int ServiceFixture::end(int signal) {
  int status = 0;
  ::kill(pid_, signal);
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

std::string ServiceFixture::log() const {
  std::ifstream file(directory_ / "err");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace millrace::test
