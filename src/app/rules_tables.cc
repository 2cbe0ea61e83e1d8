// millrace rules tables: reference tables in the catalog.
#include <cstdio>
#include <memory>

#include "app/rules_options.h"
#include "tools/rules/catalog_client.h"
#include "tools/rules/text_file.h"

namespace millrace::app {
namespace rules_tables_command {

struct Options {
  CatalogAccess catalog;
  std::string name, file, key, types;
};

int push(const Options& options) {
  const auto text = rules_tools::text_of_file(options.file);
  if (!text) return std::fprintf(stderr, "%s\n", text.error().message.c_str()), 1;
  rules_tools::CatalogClient client(options.catalog.url);
  const auto done = client.put_table(options.name, *text, options.key, options.types, options.catalog.note());
  if (!done) return tell(done.error(), options.file), 1;
  const std::string what = !done->changed            ? "nothing changes, version " + done->version + " has it"
                           : options.catalog.dry_run ? "would be version " + done->version + "; nothing was changed"
                                                     : "version " + done->version;
  std::printf("%s: table %s: %s\n", options.file.c_str(), options.name.c_str(), what.c_str());
  return 0;
}

int list(const Options& options) {
  rules_tools::CatalogClient client(options.catalog.url);
  const auto tables = client.tables();
  if (!tables) return tell(tables.error(), options.catalog.url), 2;
  for (const auto& table : *tables)
    std::printf("%s  version %s, %s by %s: %s\n", table.name.c_str(), table.version.c_str(), counted(table.rows, "row").c_str(), table.key.c_str(),
                table.columns.c_str());
  return 0;
}

}  // namespace rules_tables_command

std::vector<RuleAct> rules_tables(CLI::App& cli) {
  using namespace rules_tables_command;
  auto options = std::make_shared<Options>();
  CLI::App* tables = cli.add_subcommand("tables", "reference tables, for enrich and lookup");
  tables->require_subcommand(1);
  CLI::App* push_command = tables->add_subcommand("push", "upload a table to the catalog");
  push_command->footer(
      "A CSV file: its first line has the columns' names. Types are int, bool, string and decimal(10,2); those of before stay as long as all values fit.\n\n"
      "  millrace rules tables push --catalog http://localhost:8090 countries countries.csv --key code --types 'tax_percent:decimal(5,2)'");
  options->catalog.add_to(*push_command, CatalogAccess::Changes::kYes);
  push_command->add_option("--key", options->key, "the key's column; by default that of before, else the first one");
  push_command->add_option("--types", options->types, "column:type,… of those that aren't to be guessed");
  push_command->add_option("NAME", options->name, "of the table")->required();
  push_command->add_option("FILE", options->file, "CSV")->required();
  CLI::App* list_command = tables->add_subcommand("list", "list the catalog's tables");
  options->catalog.add_to(*list_command, CatalogAccess::Changes::kNo);
  return {{push_command, [options] { return push(*options); }}, {list_command, [options] { return list(*options); }}};
}

}  // namespace millrace::app
