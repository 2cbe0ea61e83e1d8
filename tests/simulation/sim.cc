// The simulation's command: runs seeds one after the other, and says of the first one that breaks a rule which, and how to replay it.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "simulation/world.h"

namespace {

using namespace millrace::simulation;

constexpr const char* kUsage =
    "usage: sim [--seed N] [--runs N] [--canary NAME] [--trace] | --list\n"
    "  --seed N       the first seed (0)\n"
    "  --runs N       how many, one after the other (1000)\n"
    "  --canary NAME  without this rule: a violation is what should be found\n"
    "  --trace        prints what happens in each run\n"
    "  --list         the canaries\n";

struct Options {
  uint64_t seed = 0, runs = 1'000;
  const Canary* canary = nullptr;
  bool trace = false, list = false;
};

bool number(const char* text, uint64_t& to) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, to);
  return error == std::errc() && at == end;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (option == "--trace") {
      options.trace = true;
    } else if (option == "--list") {
      options.list = true;
    } else if (value != nullptr && (option == "--seed" || option == "--runs")) {
      if (!number(value, option == "--seed" ? options.seed : options.runs)) return false;
      ++i;
    } else if (value != nullptr && option == "--canary") {
      options.canary = find_canary(value);
      if (options.canary == nullptr) return std::fprintf(stderr, "sim: there is no canary %s; see --list\n", value), false;
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

void say_what_was_seen(const Sightings& s, uint64_t runs, double seconds) {
  const auto n = [](uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf("%llu runs in %.1f s (%.0f a second), each record exactly once\n", n(runs), seconds, static_cast<double>(runs) / seconds);
  std::printf("  commits: %llu, refused %llu, without an answer %llu; plans %llu, adoptions %llu; revoked %llu, lost %llu, stopped %llu\n", n(s.commits), n(s.refused),
              n(s.unknown), n(s.plans), n(s.adoptions), n(s.revoked), n(s.lost), n(s.stopped));
  std::printf("  inserts: %llu, deduplicated %llu, refused late %llu, rows lost with their token kept %llu; processes died %llu, froze %llu\n", n(s.inserts), n(s.deduplicated),
              n(s.refused_late), n(s.lost_at_rename), n(s.crashes), n(s.freezes));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return std::fputs(kUsage, stderr), 2;
  if (options.list) {
    for (const Canary& canary : canaries()) std::printf("%-24s %-11s %s\n", canary.name, canary.invariant, canary.rule);
    return 0;
  }
  Guards guards;
  if (options.canary != nullptr) options.canary->remove(guards);
  Sightings saw{};
  const auto began = std::chrono::steady_clock::now();
  for (uint64_t seed = options.seed; seed < options.seed + options.runs; ++seed) {
    const Outcome outcome = run(seed, guards, options.trace);
    if (outcome.violation) {
      std::printf("seed %llu: %s\nreplay: ./dev sim --seed %llu --runs 1 --trace%s%s\n", static_cast<unsigned long long>(seed), outcome.violation->c_str(),
                  static_cast<unsigned long long>(seed), options.canary != nullptr ? " --canary " : "", options.canary != nullptr ? options.canary->name : "");
      return 1;
    }
    saw += outcome.saw;
  }
  say_what_was_seen(saw, options.runs, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return 0;
}
