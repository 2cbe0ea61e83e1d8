#include "base/stack.h"

#include <execinfo.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace millrace {
namespace {

constexpr int kFrames = 64;
std::atomic<bool> printed;

void print_own_stack(int) {
  void* frames[kFrames];
  backtrace_symbols_fd(frames, backtrace(frames, kFrames), STDERR_FILENO);
  printed = true;
}

}  // namespace

void print_stack(pthread_t thread) {
  void* first[1];
  backtrace(first, 1);  // loads what it needs: not in a signal's handler
  struct sigaction action{};
  action.sa_handler = print_own_stack;
  sigaction(SIGUSR2, &action, nullptr);
  printed = false;
  if (pthread_kill(thread, SIGUSR2) != 0) return;
  for (int i = 0; i < 100 && !printed; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace millrace
