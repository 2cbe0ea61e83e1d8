#include "base/stack.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace millrace {
namespace {

TEST(Stack, OfAThreadThatIsBusyElsewhereIsPrinted) {
  std::atomic<bool> end{false};
  std::thread busy([&] {
    while (!end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  ::testing::internal::CaptureStderr();
  print_stack(busy.native_handle());
  const std::string text = ::testing::internal::GetCapturedStderr();
  end = true;
  busy.join();
  EXPECT_NE(text.find("base_test"), std::string::npos) << text;
  EXPECT_NE(text.find("libc.so"), std::string::npos) << text;
}

}  // namespace
}  // namespace millrace
