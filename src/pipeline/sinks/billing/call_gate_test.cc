#include "pipeline/sinks/billing/call_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;
using Ticket = CallGate::Ticket;

constexpr auto kNever = [] { return false; };

TEST(CallGate, EverybodyMayCallWhileTheServerAnswers) {
  CallGate gate({});
  EXPECT_EQ(gate.enter(kNever), Ticket::kCall);
  EXPECT_EQ(gate.enter(kNever), Ticket::kCall);
}

TEST(CallGate, WhileItIsDownOneProbesAndTheOthersWaitForIt) {
  CallGate gate({1ms, 2ms});
  gate.leave(*gate.enter(kNever), false);
  std::atomic<int> inside = 0, most = 0, probes = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      while (true) {
        const auto ticket = gate.enter(kNever);
        if (ticket == Ticket::kCall) return;
        const int now = ++inside;
        if (now > most) most = now;
        const bool up = ++probes == 20;
        std::this_thread::sleep_for(1ms);
        --inside;
        gate.leave(*ticket, up);
        if (up) return;
      }
    });
  callers.clear();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(probes, 20) << "the first success let everybody in";
}

TEST(CallGate, WaitsBetweenProbesGrow) {
  CallGate gate({20ms, 10s});
  gate.leave(*gate.enter(kNever), false);
  std::vector<std::chrono::steady_clock::duration> waits;
  for (int i = 0; i < 4; ++i) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(gate.enter(kNever), Ticket::kProbe);
    waits.push_back(std::chrono::steady_clock::now() - began);
    gate.leave(Ticket::kProbe, false);
  }
  EXPECT_GE(waits[0], 10ms);
  EXPECT_GE(waits[3], 80ms);
}

TEST(CallGate, FailuresOfCallsThatWereUnderWayCountOnce) {
  CallGate gate({1ms, 10s});
  for (int i = 0; i < 16; ++i) EXPECT_EQ(gate.enter(kNever), Ticket::kCall);
  for (int i = 0; i < 16; ++i) gate.leave(Ticket::kCall, false);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(gate.enter(kNever), Ticket::kProbe);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST(CallGate, WhoeverIsToStopIsWokenWhileItWaits) {
  CallGate gate({10s, 10s});
  gate.leave(*gate.enter(kNever), false);
  std::atomic<bool> stop = false;
  std::jthread other([&] {
    std::this_thread::sleep_for(20ms);
    stop = true;
    gate.wake();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(gate.enter([&] { return stop.load(); }), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

}  // namespace
}  // namespace millrace::pipeline
