// millrace rules: tenants' rule sets, checked, tried and published. One file an act: rules_*.cc.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/rules_options.h"
#include "app/subcommand.h"
#include "base/log.h"

namespace millrace::app {

void RuleSources::add_to(CLI::App& command) {
  auto* option = command.add_option("--schemas", schemas, "directory with <topic>.avsc; by default contracts/avro");
  command.add_option("--registry", registry, "URL of the schema registry: all versions of <topic>-value")->excludes(option);
  command.add_option("--table", tables, "name=file.csv, once for each reference table; the first line has the columns' names, the first column is the key")
      ->allow_extra_args(false);
}

std::optional<rules_tools::Surroundings> RuleSources::read() const {
  auto found = registry.empty() ? tables::schemas_of_directory(schemas.empty() ? "contracts/avro" : schemas, {}) : tables::versions_of_registry(registry, {});
  auto read = rules_tools::read_tables(tables);
  if (found && read) {
    auto all = rules_tools::surroundings_of(*found, std::move(*read));
    if (all) return std::move(*all);
    std::fprintf(stderr, "%s\n", all.error().message.c_str());
    return std::nullopt;
  }
  std::fprintf(stderr, "%s\n", (found ? read.error() : found.error()).message.c_str());
  return std::nullopt;
}

void CatalogAccess::add_to(CLI::App& command, Changes changes) {
  command.add_option("--catalog", url, "URL of the catalog")->required()->envname("MILLRACE_CATALOG");
  if (changes == Changes::kNo) return;
  command.add_option("--author", author, "who changes it; by default $USER");
  command.add_option("--comment", comment, "why");
  command.add_flag("--dry-run", dry_run, "the catalog checks it, and changes nothing");
}

rules_tools::ChangeNote CatalogAccess::note() const {
  const char* user = std::getenv("USER");
  return {!author.empty() ? author : user != nullptr ? user : "", comment, dry_run};
}

bool is_tests(const std::string& path) { return std::filesystem::path(path).stem().string().ends_with(".test"); }

std::string counted(size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

void tell(const rules::FileDiagnostics& wrong, const std::string& path) { std::fprintf(stderr, "%s\n", to_string(wrong, path).c_str()); }

void tell(const rules_tools::CatalogError& error, const std::string& path) {
  if (error.errors.empty()) return (void)std::fprintf(stderr, "%s: %s\n", path.c_str(), error.message.c_str());
  for (const rules::FileDiagnostic& each : error.errors) {
    std::string at = path + ":";
    if (each.at.line > 0) at += std::to_string(each.at.line) + ":";
    if (each.at.column > 0) at += std::to_string(each.at.column) + ":";
    std::fprintf(stderr, "%s %s\n", at.c_str(), each.message.c_str());
  }
}

namespace rules_command {

int run(int argc, char** argv) {
  CLI::App cli{"A tenant's rule set says what happens to its events: docs/rules.md.", "millrace rules"};
  cli.require_subcommand(1);
  std::vector<RuleAct> acts{rules_check(cli), rules_test(cli), rules_apply(cli)};
  for (auto more : {rules_publish, rules_tables})
    for (RuleAct& act : more(cli)) acts.push_back(std::move(act));
  CLI11_PARSE(cli, argc, argv);
  log::start("rules", "warn");
  for (const RuleAct& act : acts)
    if (act.command->parsed()) return act.run();
  return 2;
}

const Subcommand subcommand("rules", "checks, tries and publishes tenants' rule sets", run);

}  // namespace rules_command
}  // namespace millrace::app
