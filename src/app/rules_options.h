#pragma once
// What the acts of `millrace rules` share: where schemas, tables and the catalog are, and how what is wrong is told.

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rules/rule_file.h"
#include "tools/rules/catalog_client.h"
#include "tools/rules/surroundings.h"

namespace millrace::app {

struct RuleSources {
  std::string schemas, registry;
  std::vector<std::string> tables;  // name=file.csv

  void add_to(CLI::App& command);
  bool named() const { return !schemas.empty() || !registry.empty(); }
  // Every version of each topic's schema, and the tables. Tells what can't be had.
  std::optional<rules_tools::Surroundings> read() const;
};

struct CatalogAccess {
  enum class Changes : bool { kNo, kYes };
  std::string url, author, comment;
  bool dry_run = false;

  void add_to(CLI::App& command, Changes changes);
  rules_tools::ChangeNote note() const;  // by $USER, unless somebody else is named
};

bool is_tests(const std::string& path);               // *.test.yaml
std::string counted(size_t count, const char* what);  // "3 tests"
// To standard error.
void tell(const rules::FileDiagnostics& wrong, const std::string& path);
void tell(const rules_tools::CatalogError& error, const std::string& path);

// Acts: each adds its command, and gives what runs it. The status is that of the process.
struct RuleAct {
  CLI::App* command;
  std::function<int()> run;
};
RuleAct rules_check(CLI::App& cli);
RuleAct rules_test(CLI::App& cli);
RuleAct rules_apply(CLI::App& cli);
std::vector<RuleAct> rules_publish(CLI::App& cli);
std::vector<RuleAct> rules_tables(CLI::App& cli);

}  // namespace millrace::app
