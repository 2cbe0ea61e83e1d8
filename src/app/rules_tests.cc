// millrace rules test: do events become what the tests beside a rule set say?
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "app/rules_options.h"
#include "tools/rules/test_run.h"
#include "tools/rules/text_file.h"

namespace millrace::app {
namespace rules_tests_command {

constexpr const char* kAbout =
    "Beside acme.yaml, acme.test.yaml has events and what is to become of them; either file may be named here, or both. Each event is encoded by\n"
    "its topic's newest schema, decoded and run through the rules as a worker does it; nothing is written anywhere.\n\n"
    "  tests:\n"
    "    - name: a_free_order_is_rejected\n"
    "      topic: order.created\n"
    "      event: {amount: \"0.00\", currency: EUR}       # what is left out has its default, or is null, 0, \"\"\n"
    "      expect:\n"
    "        rejected: {rule: positive_amount, reason: an order costs something}\n"
    "        # or one of   output: {net: \"10.00\"}        these fields; others may be anything\n"
    "        #             dropped: test_orders          true: by any rule, or sample\n"
    "        # and         alerts: [{name: big_order}]   all of them; [] none\n"
    "        #             meters: [{name: orders, value: 1}]\n\n"
    "  millrace rules test --table countries=contracts/rules/countries.csv contracts/rules/*.yaml\n\n"
    "Rows of reference tables are those of --table, or a test's own (tables: {plans: {pro: {name: Pro}}}). Pseudonyms (hmac) are made with a key that\n"
    "is for tests only. Status: 0 all pass, 1 something doesn't, 2 the schemas or tables can't be had.";

struct Options {
  RuleSources sources;
  std::string tenant_field = rules_tools::kTenantField;
  std::vector<std::string> files;
};

struct Paint {
  const char *red = "", *green = "", *plain = "";
};

struct Pair {
  std::string set, tests;
};

// acme.yaml and acme.test.yaml, whichever was named.
std::optional<Pair> pair_of(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path given(path);
  std::string stem = given.stem().string();
  const bool tests = is_tests(path);
  if (tests) stem.resize(stem.size() - 5);
  for (const std::string& extension : {given.extension().string(), std::string(".yaml"), std::string(".yml"), std::string(".json")}) {
    const fs::path other = given.parent_path() / (stem + (tests ? "" : ".test") + extension);
    if (fs::exists(other)) return tests ? Pair{other.string(), path} : Pair{path, other.string()};
  }
  return std::nullopt;
}

class Report {
 public:
  Report() {
    if (isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr) paint_ = {"\x1b[31m", "\x1b[32m", "\x1b[0m"};
  }
  void add(const std::string& path, const rules_tools::TestResult& test) {
    ++(test.passed() ? passed_ : failed_);
    const std::string at = path + ":" + std::to_string(test.at.line) + ":" + std::to_string(test.at.column);
    if (test.passed()) return (void)std::printf("%sok%s    %s\n", paint_.green, paint_.plain, test.name.c_str());
    std::printf("%sFAIL%s  %s  (%s)\n", paint_.red, paint_.plain, test.name.c_str(), at.c_str());
    if (!test.errors.empty()) std::printf("%s\n", to_string(test.errors, path).c_str());
    for (const auto& each : test.differences)
      std::printf("  %s:%u:%u: %s\n    expected  %s%s%s\n    got       %s%s%s\n", path.c_str(), each.at.line, each.at.column, each.what.c_str(), paint_.green,
                  each.expected.c_str(), paint_.plain, paint_.red, each.got.c_str(), paint_.plain);
  }
  void could_not_run() { ++unread_; }
  int end() const {
    const bool good = failed_ == 0 && unread_ == 0;
    std::string text = counted(passed_, "test") + " passed";
    if (failed_ > 0) text += ", " + std::to_string(failed_) + " failed";
    if (unread_ > 0) text += ", " + counted(unread_, "file") + " couldn't be run";
    std::printf("%s%s%s\n", good ? paint_.green : paint_.red, text.c_str(), paint_.plain);
    return good ? 0 : 1;
  }

 private:
  Paint paint_;
  size_t passed_ = 0, failed_ = 0, unread_ = 0;
};

void run_pair(const Pair& pair, const rules_tools::Surroundings& surroundings, const Options& options, Report& report) {
  const auto set = rules_tools::text_of_file(pair.set), tests = rules_tools::text_of_file(pair.tests);
  if (!set || !tests) {
    std::fprintf(stderr, "%s\n", (set ? tests.error() : set.error()).message.c_str());
    return report.could_not_run();
  }
  const auto run = rules_tools::run_rule_tests(*set, *tests, surroundings, options.tenant_field);
  std::printf("%s\n", pair.tests.c_str());
  std::fflush(stdout);
  if (!run.test_errors.empty()) tell(run.test_errors, pair.tests);
  if (!run.set_errors.empty()) tell(run.set_errors, pair.set);
  if (!run.test_errors.empty() || !run.set_errors.empty()) return report.could_not_run();
  for (const auto& result : run.results) report.add(pair.tests, result);
}

int test(const Options& options) {
  const auto surroundings = options.sources.read();
  if (!surroundings) return 2;
  Report report;
  std::vector<std::string> done;
  for (const std::string& path : options.files) {
    const auto pair = pair_of(path);
    if (!pair && is_tests(path)) {
      std::fprintf(stderr, "%s: there is no rule set beside it\n", path.c_str());
      report.could_not_run();
    } else if (!pair) {
      std::fprintf(stderr, "%s: there are no tests beside it\n", path.c_str());
    } else if (std::ranges::find(done, pair->tests) == done.end()) {
      done.push_back(pair->tests);
      run_pair(*pair, *surroundings, options, report);
    }
  }
  return report.end();
}

}  // namespace rules_tests_command

RuleAct rules_test(CLI::App& cli) {
  using namespace rules_tests_command;
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_subcommand("test", "run the tests beside rule sets (*.test.yaml)");
  command->footer(kAbout);
  options->sources.add_to(*command);
  command->add_option("--tenant-field", options->tenant_field, "the event's field that names the tenant")->capture_default_str();
  command->add_option("FILE", options->files, "rule sets, or their *.test.yaml")->required();
  return {command, [options] { return test(*options); }};
}

}  // namespace millrace::app
