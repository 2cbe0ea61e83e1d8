#include "tools/supervisor/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/scratch_directory.h"

namespace millrace::supervisor {
namespace {
using namespace std::chrono_literals;

class SupervisorTest : public ::testing::Test {
 protected:
  ChildSpec shell(const std::string& name, const std::string& script) {
    return {name, {"/bin/bash", "-c", script}, {{"GREETING", "hello"}}, directory / (name + ".log"), SIGTERM, 2s};
  }
  template <class F>
  static bool eventually(F&& holds) {
    for (int i = 0; i < 500; ++i, usleep(10'000))
      if (holds()) return true;
    return false;
  }
  // The third field of /proc/PID/stat: S sleeps, T is stopped.
  static char process_state(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string number, command, state;
    file >> number >> command >> state;
    return state.empty() ? '-' : state[0];
  }
  ScratchDirectory directory;
};

constexpr const char* kServer = "trap 'echo bye; exit 7' TERM; echo listening on 127.0.0.1:4242; while :; do sleep 0.02; done";

TEST_F(SupervisorTest, TellsThePortAndTheExitCodeOfAChildAskedToStop) {
  Supervisor supervisor;
  supervisor.add(shell("one", kServer));
  ASSERT_TRUE(supervisor.start("one"));
  const auto port = supervisor.wait_ready("one", 5s);
  ASSERT_TRUE(port) << port.error().message;
  EXPECT_EQ(*port, 4242);
  ASSERT_TRUE(supervisor.stop("one"));
  const auto state = *supervisor.state("one");
  EXPECT_EQ(state.state, ChildState::kExited);
  EXPECT_EQ(state.exit_code, 7);
  EXPECT_TRUE(state.wanted);
}

TEST_F(SupervisorTest, ReportsAnExitThatNobodyAskedFor) {
  std::mutex mutex;
  std::vector<ChildStatus> exits;
  Supervisor supervisor([&](const ChildStatus& status) {
    std::lock_guard lock(mutex);
    exits.push_back(status);
  });
  supervisor.add(shell("one", "echo \"$GREETING, no room\" >&2; exit 3"));
  ASSERT_TRUE(supervisor.start("one"));
  const auto ready = supervisor.wait_ready("one", 5s);
  ASSERT_FALSE(ready);
  EXPECT_NE(ready.error().message.find("status 3"), std::string::npos) << ready.error().message;
  EXPECT_NE(ready.error().message.find("hello, no room"), std::string::npos) << ready.error().message;
  ASSERT_TRUE(eventually([&] { return std::lock_guard(mutex), exits.size() == 1; }));
  EXPECT_FALSE(exits[0].wanted);
  EXPECT_EQ(exits[0].exit_code, 3);
}

TEST_F(SupervisorTest, KillsWithoutAskingAndStartsAgain) {
  Supervisor supervisor;
  supervisor.add(shell("one", kServer));
  ASSERT_TRUE(supervisor.start("one") && supervisor.wait_ready("one", 5s));
  const pid_t first = supervisor.state("one")->pid;
  ASSERT_TRUE(supervisor.kill("one"));
  EXPECT_EQ(supervisor.state("one")->exit_code, 128 + SIGKILL);
  EXPECT_EQ(supervisor.log_end("one").find("bye"), std::string::npos);
  ASSERT_TRUE(supervisor.start("one") && supervisor.wait_ready("one", 5s));
  EXPECT_NE(supervisor.state("one")->pid, first);
  EXPECT_EQ(supervisor.state("one")->starts, 2);
}

TEST_F(SupervisorTest, FreezesTheWholeGroupAndThawsIt) {
  Supervisor supervisor;
  supervisor.add(shell("one", kServer));
  ASSERT_TRUE(supervisor.start("one") && supervisor.wait_ready("one", 5s));
  const pid_t pid = supervisor.state("one")->pid;
  ASSERT_TRUE(supervisor.freeze("one"));
  EXPECT_TRUE(eventually([&] { return process_state(pid) == 'T'; }));
  ASSERT_TRUE(supervisor.thaw("one"));
  EXPECT_TRUE(eventually([&] { return process_state(pid) != 'T'; }));
}

TEST_F(SupervisorTest, KillsAChildThatDoesNotListenToReason) {
  Supervisor supervisor;
  supervisor.add(shell("deaf", "trap '' TERM; echo listening on 127.0.0.1:1; while :; do sleep 0.02; done"));
  ASSERT_TRUE(supervisor.start("deaf") && supervisor.wait_ready("deaf", 5s));
  EXPECT_FALSE(supervisor.stop("deaf"));
  EXPECT_EQ(supervisor.state("deaf")->exit_code, 128 + SIGKILL);
}

TEST_F(SupervisorTest, LeavesNoChildBehindWhenItIsKilledItself) {
  const std::string pid_file = directory / "pid";
  const pid_t middle = fork();
  if (middle == 0) {
    Supervisor supervisor;
    supervisor.add(shell("one", kServer));
    if (!supervisor.start("one") || !supervisor.wait_ready("one", 5s)) _exit(1);
    std::ofstream(pid_file + ".part") << supervisor.state("one")->pid;
    std::filesystem::rename(pid_file + ".part", pid_file);
    pause();
  }
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(pid_file); }));
  pid_t child = 0;
  std::ifstream(pid_file) >> child;
  ASSERT_GT(child, 1);
  ASSERT_EQ(kill(child, 0), 0);
  kill(middle, SIGKILL);
  waitpid(middle, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return kill(child, 0) != 0 || process_state(child) == 'Z'; }));
}

TEST_F(SupervisorTest, NamesAChildThatItDoesNotKnow) {
  Supervisor supervisor;
  const auto status = supervisor.freeze("nobody");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace millrace::supervisor
