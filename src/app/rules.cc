// millrace rules check: is a rule set right for the events that there are?
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/subcommand.h"
#include "avro/column_mapping.h"
#include "avro/schema.h"
#include "base/log.h"
#include "rules/kernels/compile_check.h"
#include "rules/rule_set_check.h"
#include "rules/rule_tests.h"
#include "tables/sources.h"

namespace millrace::app {
namespace {

constexpr const char* kAbout =
    "Each expression is checked against the fields that the events have, in every version of their schema, before the rules are put to use.\n"
    "What is wrong is printed as file:line:column: message, all of it at once, with what would be right where that can be guessed. docs/rules.md\n"
    "tells the format, contracts/rules.schema.json tells it to editors, contracts/rules/ has examples.\n\n"
    "  millrace rules check contracts/rules/*.yaml\n"
    "  millrace rules check --registry http://localhost:8081 acme.yaml\n\n"
    "A file named *.test.yaml (or .json) holds examples of events and of what is to become of them: its form is checked.\n"
    "Status: 0 all right, 1 something is wrong, 2 the schemas can't be had.";

struct Options {
  std::string schemas, registry;
  std::vector<std::string> files;
};

Result<rules::RuleSurroundings> surroundings_of(const Options& options) {
  auto schemas = options.registry.empty() ? tables::schemas_of_directory(options.schemas, {}) : tables::versions_of_registry(options.registry, {});
  if (!schemas) return std::unexpected(schemas.error());
  rules::RuleSurroundings all;
  for (const tables::TopicSchema& schema : *schemas) {
    const auto parsed = avro::Schema::parse(schema.json);
    if (!parsed) return permanent(schema.origin + ": " + parsed.error().message);
    auto columns = avro::map_columns(**parsed);
    auto bytes = avro::bytes_columns(**parsed);
    if (!columns || !bytes) return permanent(schema.origin + ": " + (columns ? bytes.error().reason : columns.error().reason));
    all.topics[schema.topic].push_back(
        {schema.version > 0 ? "version " + std::to_string(schema.version) : schema.origin, std::move(*columns), std::move(*bytes)});
  }
  return all;
}

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || std::filesystem::is_directory(path)) return permanent(path + " can't be read");
  text << file.rdbuf();
  return text.str();
}

bool is_tests(const std::string& path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  return stem.ends_with(".test");
}

std::string counted(size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

bool told(const std::string& path, const rules::FileDiagnostics& wrong) {
  std::fprintf(stderr, "%s\n", to_string(wrong, path).c_str());
  return false;
}

bool check_tests(const std::string& path, const std::string& text) {
  const auto tests = rules::read_rule_tests(text);
  if (!tests) return told(path, tests.error());
  std::printf("%s: %s: right\n", path.c_str(), counted(tests->size(), "test").c_str());
  return true;
}

bool check_set(const std::string& path, const std::string& text, const rules::RuleSurroundings& surroundings) {
  const auto set = rules::read_rule_set(text);
  if (!set) return told(path, set.error());
  const auto checked = rules::check_rule_set(*set, surroundings);
  if (!checked) return told(path, checked.error());
  if (const auto wrong = rules::not_to_be_compiled(*checked); !wrong.empty()) return told(path, wrong);
  std::printf("%s: tenant %s, %s, %s: right\n", path.c_str(), set->tenant.value.c_str(), counted(set->topics.size(), "topic").c_str(),
              counted(set->rules(), "rule").c_str());
  return true;
}

int check(const Options& options) {
  const auto surroundings = surroundings_of(options);
  if (!surroundings) return std::fprintf(stderr, "%s\n", surroundings.error().message.c_str()), 2;
  bool right = true;
  for (const std::string& path : options.files) {
    const auto text = text_of(path);
    if (!text)
      std::fprintf(stderr, "%s\n", text.error().message.c_str()), right = false;
    else
      right &= is_tests(path) ? check_tests(path, *text) : check_set(path, *text, *surroundings);
  }
  return right ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App cli{"A tenant's rule set says what happens to its events.", "millrace rules"};
  Options options;
  cli.require_subcommand(1);
  auto* check_command = cli.add_subcommand("check", "say what is wrong in rule sets, or that they are right");
  check_command->footer(kAbout);
  auto* schemas = check_command->add_option("--schemas", options.schemas, "directory with <topic>.avsc; by default contracts/avro");
  check_command->add_option("--registry", options.registry, "URL of the schema registry: all versions of <topic>-value")->excludes(schemas);
  check_command->add_option("FILE", options.files, "rule sets in YAML or JSON, and *.test.yaml")->required();
  CLI11_PARSE(cli, argc, argv);
  log::start("rules");
  if (options.schemas.empty()) options.schemas = "contracts/avro";
  return check(options);
}

const Subcommand subcommand("rules", "checks tenants' rule sets", run);

}  // namespace
}  // namespace millrace::app
