#include "services/catalog/text_diff.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "base/scratch_directory.h"

namespace millrace::catalog {
namespace {

std::string written(const std::string& directory, const std::string& name, const std::string& text) {
  std::ofstream(directory + "/" + name, std::ios::binary) << text;
  return directory + "/" + name;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t size; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), size);
  ::pclose(pipe);
  return out;
}

// What a patch makes of the text: lines are taken from it up to each hunk, whose own lines must be there.
std::string applied(const std::string& text, const std::string& diff) {
  std::string out;
  std::istringstream lines(diff);
  size_t at = 0, line = 1;  // of the text
  const auto take = [&] {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string taken = text.substr(at, end - at);
    at = end, ++line;
    return taken;
  };
  std::string one, last_sign;
  std::getline(lines, one), std::getline(lines, one);
  while (std::getline(lines, one)) {
    if (one.starts_with("@@ -")) {
      for (const size_t begin = std::stoul(one.substr(4)); line < begin;) out += take();
    } else if (one.starts_with("\\")) {
      if (last_sign != "-") out.pop_back();
    } else {
      last_sign = one.substr(0, 1);
      if (last_sign != "+" && take().substr(0, one.size() - 1) != one.substr(1)) return "a line isn't there: " + one;
      if (last_sign != "-") out += one.substr(1) + "\n";
    }
  }
  return out + text.substr(std::min(at, text.size()));
}

// diff(1) finds no shorter one.
TEST(TextDiff, TurnsOneTextIntoTheOtherAndIsAsShortAsDiffs) {
  const ScratchDirectory scratch;
  const std::string& directory = scratch.path();
  std::mt19937 random(11);
  const auto text = [&] {
    std::string out;
    for (int i = static_cast<int>(random() % 40); i > 0; --i) out += std::string(1, static_cast<char>('a' + random() % 3)) + "\n";
    if (!out.empty() && random() % 4 == 0) out.pop_back();
    return out;
  };
  const auto changes = [](const std::string& diff) {
    size_t count = 0;
    for (size_t at = diff.find("@@ -"); at != diff.npos && at + 1 < diff.size(); at = diff.find('\n', at + 1))
      count += diff[at + 1] == '+' || diff[at + 1] == '-';
    return count;
  };
  for (int round = 0; round < 60; ++round) {
    const std::string a = text(), b = text();
    const std::string ours = unified_diff(a, b, "a", "b");
    const std::string first = written(directory, "a", a), second = written(directory, "b", b);
    const std::string theirs = output_of("diff -u --minimal --label a --label b " + first + " " + second);
    ASSERT_EQ(ours.empty(), theirs.empty());
    ASSERT_EQ(changes(ours), changes(theirs)) << ours << "\n" << theirs;
    if (ours.empty()) continue;
    ASSERT_EQ(applied(a, ours), b) << ours;
  }
  output_of("rm -r " + directory);
}

TEST(TextDiff, ShowsThreeLinesAroundEachChange) {
  std::string a, b;
  for (int i = 1; i <= 30; ++i) {
    a += "line " + std::to_string(i) + "\n";
    b += i == 5 ? "five\n" : i == 25 ? "" : "line " + std::to_string(i) + "\n";
  }
  EXPECT_EQ(unified_diff(a, b, "version 1", "version 2"),
            "--- version 1\n+++ version 2\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+five\n line 6\n line 7\n line 8\n"
            "@@ -22,7 +22,6 @@\n line 22\n line 23\n line 24\n-line 25\n line 26\n line 27\n line 28\n");
  EXPECT_EQ(unified_diff(a, a, "x", "y"), "");
  EXPECT_EQ(unified_diff("", "a", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n");
}

TEST(TextDiff, TextsThatHaveNothingInCommonCostNoMoreThanTheyMust) {
  std::string a, b;
  for (int i = 0; i < 20'000; ++i) a += "a" + std::to_string(i) + "\n", b += "b" + std::to_string(i) + "\n";
  EXPECT_EQ(unified_diff(a, b, "x", "y").size(), a.size() + b.size() + 40'000 + std::string("--- x\n+++ y\n@@ -1,20000 +1,20000 @@\n").size());
}

}  // namespace
}  // namespace millrace::catalog
