// millrace rules check: is a rule set right for the events that there are?
#include <cstdio>
#include <memory>

#include "app/rules_options.h"
#include "rules/rule_tests.h"
#include "tools/rules/right_set.h"
#include "tools/rules/text_file.h"

namespace millrace::app {
namespace rules_check_command {

constexpr const char* kAbout =
    "Each expression is checked against the fields that the events have, in every version of their schema, before the rules are put to use.\n"
    "What is wrong is printed as file:line:column: message, all of it at once, with what would be right where that can be guessed. docs/rules.md\n"
    "tells the format, contracts/rules.schema.json tells it to editors, contracts/rules/ has examples.\n\n"
    "  millrace rules check --table countries=contracts/rules/countries.csv contracts/rules/*.yaml\n"
    "  millrace rules check --registry http://localhost:8081 acme.yaml\n\n"
    "A file named *.test.yaml (or .json) holds examples of events and of what is to become of them: its form is checked.\n"
    "Status: 0 all right, 1 something is wrong, 2 the schemas or tables can't be had.";

bool check_tests(const std::string& path, const std::string& text) {
  const auto tests = rules::read_rule_tests(text);
  if (!tests) return tell(tests.error(), path), false;
  std::printf("%s: %s: right\n", path.c_str(), counted(tests->size(), "test").c_str());
  return true;
}

bool check_set(const std::string& path, const std::string& text, const rules::RuleSurroundings& surroundings) {
  const auto set = rules_tools::right_set(text, surroundings);
  if (!set) return tell(set.error(), path), false;
  std::printf("%s: tenant %s, %s, %s: right\n", path.c_str(), set->written.tenant.value.c_str(), counted(set->written.topics.size(), "topic").c_str(),
              counted(set->written.rules(), "rule").c_str());
  return true;
}

struct Options {
  RuleSources sources;
  std::vector<std::string> files;
};

int check(const Options& options) {
  const auto surroundings = options.sources.read();
  if (!surroundings) return 2;
  bool right = true;
  for (const std::string& path : options.files) {
    const auto text = rules_tools::text_of_file(path);
    if (!text)
      std::fprintf(stderr, "%s\n", text.error().message.c_str()), right = false;
    else
      right &= is_tests(path) ? check_tests(path, *text) : check_set(path, *text, surroundings->rules);
  }
  return right ? 0 : 1;
}

}  // namespace rules_check_command

RuleAct rules_check(CLI::App& cli) {
  using namespace rules_check_command;
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_subcommand("check", "say what is wrong in rule sets, or that they are right");
  command->footer(kAbout);
  options->sources.add_to(*command);
  command->add_option("FILE", options->files, "rule sets in YAML or JSON, and *.test.yaml")->required();
  return {command, [options] { return check(*options); }};
}

}  // namespace millrace::app
