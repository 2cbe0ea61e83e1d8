// The simulation's command: runs seeds one after the other, and says of the first one that breaks a rule which, and how to replay it.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "simulation/world.h"

namespace {

using namespace millrace::simulation;
using std::chrono::steady_clock;

constexpr const char* kUsage =
    "usage: ./dev sim [--seed N] [--runs N] [--canary NAME] [--trace] | --canaries | --list\n"
    "\n"
    "Runs the protocol's real core against a simulated broker, groups, ClickHouse, ledger, warehouse and log, with faults that\n"
    "come from the seed. Every record must land exactly once in every sink of every pipeline, and no rule of ARCHITECTURE.md may be broken on the way. Time is "
    "virtual: a thousand runs take a\n"
    "second or two. The same seed gives the same run, as long as the\n"
    "code is the same. Ends with 0: nothing was found, 1: a violation, 2: wrong options.\n"
    "\n"
    "  --seed N       the first seed (0)\n"
    "  --runs N       how many, one after the other (1000; with a canary 10000)\n"
    "  --trace        prints what happens, in virtual seconds; use it with --runs 1\n"
    "  --canary NAME  takes this rule away: a violation is what should be found\n"
    "  --canaries     all of them, one after the other; ends with 1 if one isn't found\n"
    "  --list         the canaries: name, invariant, rule that is taken away\n"
    "\n"
    "  ./dev sim --runs 20000                            is the protocol right?\n"
    "  ./dev sim --canary count_first                    would we see it, if nobody counted before a retry?\n"
    "  ./dev sim --seed 305 --runs 1 --trace             what happened there\n"
    "docs/testing.md says more.\n";

struct Options {
  uint64_t seed = 0, runs = 0;  // 0: the default
  const Canary* canary = nullptr;
  bool trace = false, list = false, all_canaries = false, help = false;
};

bool number(const char* text, uint64_t& to) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, to);
  return error == std::errc() && at == end;
}

bool wrong(const std::string& what) { return std::fprintf(stderr, "sim: %s; --help says what there is\n", what.c_str()), false; }

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (option == "--trace")
      options.trace = true;
    else if (option == "--list")
      options.list = true;
    else if (option == "--canaries")
      options.all_canaries = true;
    else if (option == "--help" || option == "-h")
      options.help = true;
    else if (option != "--seed" && option != "--runs" && option != "--canary")
      return wrong("unknown option " + option);
    else if (value == nullptr)
      return wrong(option + " wants a value");
    else if (++i; option == "--canary") {
      options.canary = find_canary(value);
      if (options.canary == nullptr) return wrong(std::string("there is no canary ") + value + ", see --list");
    } else if (!number(value, option == "--seed" ? options.seed : options.runs)) {
      return wrong(option + " wants a number, not " + value);
    }
  }
  return true;
}

unsigned long long n(uint64_t count) { return count; }

void say_what_was_seen(const Sightings& s, uint64_t runs, double seconds) {
  std::printf("%llu runs in %.1f s (%.0f a second), each record exactly once\n", n(runs), seconds, static_cast<double>(runs) / seconds);
  std::printf("  commits: %llu, refused %llu, without an answer %llu; plans %llu, adoptions %llu; revoked %llu, lost %llu, stopped %llu\n", n(s.commits),
              n(s.refused), n(s.unknown), n(s.plans), n(s.adoptions), n(s.revoked), n(s.lost), n(s.stopped));
  std::printf("  inserts: %llu, deduplicated %llu, refused late %llu, rows lost with their token kept %llu; processes died %llu, froze %llu\n", n(s.inserts),
              n(s.deduplicated), n(s.refused_late), n(s.lost_at_rename), n(s.crashes), n(s.freezes));
  std::printf("  billing: %llu plans applied, known %llu, refused %llu; warehouse: %llu manifests, files that were there %llu, disk full %llu\n", n(s.billed),
              n(s.billed_before), n(s.billing_refused), n(s.manifests), n(s.files_were_there), n(s.disk_full));
  std::printf("  operator: %llu plans abandoned, offsets accepted %llu, ranges skipped in billing %llu; ledgers restored %llu\n", n(s.abandoned), n(s.accepted),
              n(s.skipped), n(s.ledger_restored));
}

int list() {
  for (const Canary& canary : canaries()) std::printf("%-23s %-11s %s\n", canary.name, canary.invariant, canary.rule);
  return 0;
}

int all_canaries(const Options& options, uint64_t runs) {
  int missed = 0;
  for (const Canary& canary : canaries()) {
    Guards guards;
    canary.remove(guards);
    const Search found = search(options.seed, runs, guards);
    missed += !found.seed;
    if (found.seed)
      std::printf("%-23s seed %llu: %s\n", canary.name, n(*found.seed), found.violation.substr(0, found.violation.find('\n')).c_str());
    else
      std::printf("%-23s NOT FOUND in %llu runs\n", canary.name, n(found.runs));
    std::fflush(stdout);
  }
  std::printf("%zu canaries, %d not found\n", canaries().size(), missed);
  return missed > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return 2;
  if (options.help) return std::fputs(kUsage, stdout), 0;
  if (options.list) return list();
  const uint64_t runs = options.runs > 0 ? options.runs : options.canary != nullptr || options.all_canaries ? 10'000 : 1'000;
  if (options.all_canaries) return all_canaries(options, runs);
  Guards guards;
  if (options.canary != nullptr) options.canary->remove(guards);
  const auto began = steady_clock::now();
  const Search done = search(options.seed, runs, guards, options.trace ? Trace([](const std::string& line) { std::puts(line.c_str()); }) : Trace());
  if (done.seed) {
    std::printf("seed %llu: %s\nreplay: ./dev sim --seed %llu --runs 1 --trace%s%s\n", n(*done.seed), done.violation.c_str(), n(*done.seed),
                options.canary != nullptr ? " --canary " : "", options.canary != nullptr ? options.canary->name : "");
    return 1;
  }
  say_what_was_seen(done.saw, done.runs, std::chrono::duration<double>(steady_clock::now() - began).count());
  return 0;
}
