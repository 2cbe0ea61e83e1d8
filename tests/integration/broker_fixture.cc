#include "integration/broker_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "clients/kafka/admin.h"
#include "tools/broker/broker.h"

namespace millrace::test {

BrokerFixture::BrokerFixture(std::map<std::string, std::string> server_properties) : overrides_(std::move(server_properties)) { start(); }

BrokerFixture::~BrokerFixture() {
  thaw();
  kill();
}

BrokerFixture& BrokerFixture::shared() {
  static BrokerFixture broker;
  return broker;
}

kafka::KafkaProperties BrokerFixture::properties() const {
  kafka::KafkaProperties p;
  p.brokers = address_;
  return p;
}

std::string BrokerFixture::unique(const std::string& prefix) { return prefix + "-" + std::to_string(++next_); }

std::string BrokerFixture::make_topic(const std::string& prefix, int32_t partitions, const std::map<std::string, std::string>& configs) {
  std::string name = unique(prefix);
  make_named_topic(name, partitions, configs);
  return name;
}

void BrokerFixture::make_named_topic(const std::string& name, int32_t partitions, const std::map<std::string, std::string>& configs) {
  auto admin = kafka::Admin::create(properties());
  MILLRACE_CHECK(admin.has_value(), "no admin client");
  auto made = admin->create_topic({name, partitions, 1, configs});
  MILLRACE_CHECK(made.has_value(), made ? "" : made.error().message);
}

void BrokerFixture::start() {
  MILLRACE_CHECK(pid_ < 0, "the broker is running");
  broker::BrokerSettings settings;
  settings.data = data_.path();
  settings.overrides = overrides_;
  auto command = broker::prepare(settings);
  MILLRACE_CHECK(command.has_value(), command ? "" : command.error().message);
  address_ = command->address;
  std::vector<char*> argv;
  for (auto& a : command->argv) argv.push_back(a.data());
  argv.push_back(nullptr);
  std::string output = data_ / "stdout.log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!broker::accepts_connections("127.0.0.1", command->port)) {
    MILLRACE_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, "the broker ended, see " + output);
    MILLRACE_CHECK(std::chrono::steady_clock::now() < until, "the broker doesn't come up, see " + command->log_file);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  auto admin = kafka::Admin::create(properties());
  while (!admin->list_topics(std::chrono::milliseconds(1000)))
    MILLRACE_CHECK(std::chrono::steady_clock::now() < until, "the broker doesn't answer, see " + command->log_file);
}

void BrokerFixture::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void BrokerFixture::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void BrokerFixture::freeze() { ::kill(pid_, SIGSTOP); }
void BrokerFixture::thaw() {
  if (pid_ > 0) ::kill(pid_, SIGCONT);
}

}  // namespace millrace::test
