// millrace rules push, pull, diff, log, rollback: tenants' rule sets in the catalog.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "app/rules_options.h"
#include "catalog_topic/content_hash.h"
#include "services/catalog/precondition.h"
#include "services/catalog/text_diff.h"
#include "tools/rules/catalog_client.h"
#include "tools/rules/right_set.h"
#include "tools/rules/seen_rules.h"
#include "tools/rules/text_file.h"

namespace millrace::app {
namespace rules_publish_command {

namespace fs = std::filesystem;
using namespace rules_tools;

struct Options {
  CatalogAccess catalog;
  RuleSources sources;
  bool force = false;
  std::vector<std::string> files;
  std::string directory, tenant, version;
};

std::string folder_of(const std::string& path) { return fs::path(path).parent_path().string(); }

void note_seen(const std::string& folder, const CatalogClient& client, const std::string& tenant, const std::string& etag, const std::string& version) {
  if (const auto noted = SeenRules(folder, client.url()).saw(tenant, etag, version); !noted) std::fprintf(stderr, "%s\n", noted.error().message.c_str());
}

// The file's set; nothing after what is wrong was told.
struct Local {
  std::string path, text, tenant;
};
std::optional<Local> local(const std::string& path) {
  auto text = text_of_file(path);
  if (!text) return std::fprintf(stderr, "%s\n", text.error().message.c_str()), std::nullopt;
  const auto set = rules::read_rule_set(*text);
  if (!set) return tell(set.error(), path), std::nullopt;
  return Local{path, std::move(*text), set->tenant.value};
}

std::string diff_of(const CatalogRules& there, const Local& file) {
  return catalog::unified_diff(there.text, file.text, file.tenant + " (version " + there.version + ")", file.path);
}

// ---- push

bool push_one(CatalogClient& client, const Options& options, const Local& file) {
  const std::string folder = folder_of(file.path);
  const auto seen = SeenRules(folder, client.url()).etag(file.tenant);
  auto there = client.rules(file.tenant);
  if (!there) return tell(there.error(), file.path), false;
  if (*there && (*there)->text == file.text) {
    note_seen(folder, client, file.tenant, (*there)->etag, (*there)->version);
    std::printf("%s: tenant %s: nothing changes, version %s has it\n", file.path.c_str(), file.tenant.c_str(), (*there)->version.c_str());
    return true;
  }
  OnlyIf only_if;
  if (options.force && *there)
    only_if.match = (*there)->etag;
  else if (!options.force && seen)
    only_if.match = *seen;
  else
    only_if.nothing = true;
  const auto done = client.put_rules(file.tenant, file.text, only_if, options.catalog.note());
  if (done) {
    if (!options.catalog.dry_run) note_seen(folder, client, file.tenant, done->etag, done->version);
    const std::string what = options.catalog.dry_run ? "would be version " + done->version + "; nothing was changed" : "version " + done->version;
    std::printf("%s: tenant %s: %s\n", file.path.c_str(), file.tenant.c_str(), what.c_str());
    return true;
  }
  if (done.error().status != 412) return tell(done.error(), file.path), false;
  std::fprintf(stderr, "%s: %s\n", file.path.c_str(), done.error().message.c_str());
  there = client.rules(file.tenant);
  if (there && *there)
    std::fprintf(
        stderr,
        "%s%s: this is what would be replaced, and you haven't seen it: bring both together, then push with --force (or pull --force, to take theirs)\n",
        diff_of(**there, file).c_str(), file.path.c_str());
  return false;
}

int push(const Options& options) {
  std::optional<Surroundings> surroundings;
  if (options.sources.named() && !(surroundings = options.sources.read())) return 2;
  std::vector<Local> files;
  bool right = true;
  for (const std::string& path : options.files) {
    auto file = local(path);
    right &= file.has_value();
    if (!file) continue;
    if (surroundings)
      if (const auto set = right_set(file->text, surroundings->rules); !set) tell(set.error(), path), right = false;
    files.push_back(std::move(*file));
  }
  if (!right) return 1;  // before anything is changed
  CatalogClient client(options.catalog.url);
  for (const Local& file : files) right &= push_one(client, options, file);
  return right ? 0 : 1;
}

// ---- pull

// The file of the folder that has this tenant's rules, or the one to be made.
fs::path file_of(const fs::path& folder, const std::string& tenant, const std::string& text) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& path : files) {
    const std::string extension = path.extension().string();
    if ((extension != ".yaml" && extension != ".yml" && extension != ".json") || is_tests(path.string())) continue;
    const auto known = text_of_file(path.string());
    const auto set = known ? rules::read_rule_set(*known) : std::unexpected(rules::FileDiagnostics());
    if (set && set->tenant.value == tenant) return path;
  }
  std::string name = tenant == rules::kDefaultTenant ? "default" : tenant;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
  if (name.starts_with('.')) name[0] = '_';
  return folder / (name + (text.starts_with('{') ? ".json" : ".yaml"));
}

bool pull_one(CatalogClient& client, const Options& options, const std::string& tenant) {
  const auto there = client.rules(tenant);
  if (!there) return tell(there.error(), tenant), false;
  if (!*there) return std::fprintf(stderr, "there are no rules of tenant %s in the catalog\n", tenant.c_str()), false;
  const CatalogRules& rules = **there;
  const std::string path = file_of(options.directory, tenant, rules.text).string();
  const auto known = fs::exists(path) ? text_of_file(path) : Result<std::string>(rules.text);
  if (!known) return std::fprintf(stderr, "%s\n", known.error().message.c_str()), false;
  const bool same = *known == rules.text;
  const auto seen = SeenRules(options.directory, client.url()).etag(tenant);
  const bool untouched = seen && catalog::etag(catalog_topic::content_hash(*known)) == *seen;  // since it was pushed or pulled
  if (!same && !untouched && !options.force)
    return std::fprintf(stderr, "%s: has changes that aren't in the catalog: push it, or pull with --force to lose them (millrace rules diff shows them)\n",
                        path.c_str()),
           false;
  const bool is_new = !fs::exists(path);
  std::ofstream file(path, std::ios::binary);
  file << rules.text;
  if (!file.flush()) return std::fprintf(stderr, "%s can't be written\n", path.c_str()), false;
  note_seen(options.directory, client, tenant, rules.etag, rules.version);
  std::printf("%s: tenant %s, version %s%s\n", path.c_str(), tenant.c_str(), rules.version.c_str(), is_new ? ", new" : same ? ", unchanged" : "");
  return true;
}

int pull(const Options& options) {
  CatalogClient client(options.catalog.url);
  std::error_code error;
  fs::create_directories(options.directory, error);
  if (error) return std::fprintf(stderr, "%s: %s\n", options.directory.c_str(), error.message().c_str()), 2;
  std::vector<std::string> tenants = options.files;
  if (tenants.empty()) {
    auto all = client.tenants();
    if (!all) return tell(all.error(), options.catalog.url), 2;
    tenants = std::move(*all);
  }
  bool right = true;
  for (const std::string& tenant : tenants) right &= pull_one(client, options, tenant);
  return right ? 0 : 1;
}

// ---- diff, log, rollback

int diff(const Options& options) {
  CatalogClient client(options.catalog.url);
  int status = 0;
  for (const std::string& path : options.files) {
    const auto file = local(path);
    if (!file) return 2;
    const auto there = client.rules(file->tenant);
    if (!there) return tell(there.error(), path), 2;
    const std::string text = diff_of(*there ? **there : CatalogRules{"", "", "none"}, *file);
    if (!text.empty()) status = 1;
    std::printf("%s", text.c_str());
  }
  return status;
}

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

int log_of(const Options& options) {
  CatalogClient client(options.catalog.url);
  const auto changes = client.history(options.tenant);
  if (!changes) return tell(changes.error(), options.tenant), changes.error().status == 404 ? 1 : 2;
  for (const CatalogChange& change : *changes) {
    const auto at = std::chrono::sys_time<std::chrono::seconds>(std::chrono::seconds(change.time_ms / 1000));
    std::tm utc{};
    const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
    gmtime_r(&seconds, &utc);
    char when[32];
    std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
    std::printf("%6s  %s  %s%s  %s\n", change.version.c_str(), when, change.author.empty() ? "-" : one_line(change.author).c_str(),
                change.kind == "rules_removed" ? "  removed" : "", one_line(change.comment).c_str());
  }
  return 0;
}

int rollback(const Options& options) {
  CatalogClient client(options.catalog.url);
  const auto done = client.roll_back(options.tenant, options.version, options.catalog.note());
  if (!done) return tell(done.error(), options.tenant), 1;
  if (options.catalog.dry_run)
    std::printf("tenant %s: version %s can be had again; nothing was changed\n", options.tenant.c_str(), options.version.c_str());
  else if (done->changed)
    std::printf("tenant %s: version %s, which is as version %s was\n", options.tenant.c_str(), done->version.c_str(), options.version.c_str());
  else
    std::printf("tenant %s: nothing changes, version %s has it\n", options.tenant.c_str(), done->version.c_str());
  return 0;
}

RuleAct act(CLI::App* command, const std::shared_ptr<Options>& options, int (*run)(const Options&)) {
  return {command, [options, run] { return run(*options); }};
}

}  // namespace rules_publish_command

std::vector<RuleAct> rules_publish(CLI::App& cli) {
  using namespace rules_publish_command;
  auto options = std::make_shared<Options>();
  CLI::App* push_command = cli.add_subcommand("push", "upload rule sets to the catalog");
  push_command->footer(
      "The catalog checks a set against all schemas and tables, adds its new columns to ClickHouse, and gives it a version; workers take it up within "
      "seconds.\n"
      "What is there now is replaced only if it is what was last pulled or pushed from here (.millrace-catalog.json beside the files remembers that); "
      "otherwise\n"
      "it is shown. With --schemas or --registry every file is checked here before anything is sent.\n\n"
      "  millrace rules push --catalog http://localhost:8090 --comment 'free orders are fine' acme.yaml\n\n"
      "Status: 0 done, 1 something is wrong or was refused, 2 the schemas can't be had.");
  options->catalog.add_to(*push_command, CatalogAccess::Changes::kYes);
  options->sources.add_to(*push_command);
  push_command->add_flag("--force", options->force, "replace what is there now, seen or not");
  push_command->add_option("FILE", options->files, "rule sets")->required();

  CLI::App* pull_command = cli.add_subcommand("pull", "download rule sets from the catalog");
  pull_command->footer(
      "A file with changes that the catalog doesn't have stays as it is.\n\n  millrace rules pull --catalog http://localhost:8090 --dir rules acme");
  options->catalog.add_to(*pull_command, CatalogAccess::Changes::kNo);
  pull_command->add_option("--dir", options->directory, "where the files are, or are to be")->required();
  pull_command->add_flag("--force", options->force, "overwrite files with changes of their own");
  pull_command->add_option("TENANT", options->files, "whose; by default everybody's. * is the default set");

  CLI::App* diff_command = cli.add_subcommand("diff", "show how files differ from the catalog");
  diff_command->footer("A unified diff, from the catalog to the file. Status: 0 no difference, 1 some, 2 trouble.");
  options->catalog.add_to(*diff_command, CatalogAccess::Changes::kNo);
  diff_command->add_option("FILE", options->files, "rule sets")->required();

  CLI::App* log_command = cli.add_subcommand("log", "list the versions of a tenant's rules, newest first");
  options->catalog.add_to(*log_command, CatalogAccess::Changes::kNo);
  log_command->add_option("TENANT", options->tenant, "whose; * is the default set")->required();

  CLI::App* rollback_command = cli.add_subcommand("rollback", "make a former version of a tenant's rules the newest one");
  rollback_command->footer(
      "The former text is checked like any other: what it needs may be gone by now.\n\n  millrace rules rollback --catalog http://localhost:8090 acme 17");
  options->catalog.add_to(*rollback_command, CatalogAccess::Changes::kYes);
  rollback_command->add_option("TENANT", options->tenant, "whose; * is the default set")->required();
  rollback_command->add_option("VERSION", options->version, "of the catalog, as log lists them")->required();
  return {act(push_command, options, push), act(pull_command, options, pull), act(diff_command, options, diff), act(log_command, options, log_of),
          act(rollback_command, options, rollback)};
}

}  // namespace millrace::app
