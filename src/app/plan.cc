// millrace plan show|retry|stop|abandon: the plans that a pipeline has begun, and what to do with one that can't be completed.
#include <cstdio>

#include "app/operate_options.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "tools/operate/report.h"

namespace millrace::app {
namespace plan_command {

enum : int { kDone = 0, kFailed = 1, kOperatorNeeded = 2 };

int refused(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return kFailed;
}
int say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return kDone;
}

int run(int argc, char** argv) {
  CLI::App cli{
      "A plan is an epoch (an offset range of each of some partitions) that a worker wrote down, beside the committed offsets, before it wrote\n"
      "the rows: whoever takes the partitions over completes it first. One that can't be completed (its records are gone, a table refuses its\n"
      "rows, its rows kill the workers) stops its partitions alone, until an operator says what is to become of it.\n\n"
      "First `show`; mend what the owner's log names; then `retry`. Where nothing can be mended, `abandon`. Both act only on partitions that\n"
      "stand still, may run beside the workers, and do nothing where something changes meanwhile.\n"
      "Status 0: done; 1: refused or failed, and nothing was changed unless it says that nobody knows; 2: `show` found what waits for an operator.",
      "millrace plan"};
  OperateOptions options;
  std::string plan, reason;
  bool lose = false;
  cli.require_subcommand(1);
  cli.fallthrough();
  auto* show = cli.add_subcommand("show", "for each partition: offset, state, plan; for each plan: ranges, catalog, and the rows of it that ClickHouse has");
  auto* retry = cli.add_subcommand(
      "retry", "the stopped plan is tried again: its adoptions are 0, and the partitions' owner takes it up within 5 s. Nothing can be lost or doubled");
  retry->add_option("PLAN", plan, "its id, as `show` says it")->required();
  auto* stop = cli.add_subcommand("stop",
                                  "a plan that isn't stopped, and waits for what won't come back (a catalog that is gone), is stopped, so that it can be "
                                  "abandoned. All workers must be stopped");
  stop->add_option("PLAN", plan, "its id, as `show` says it")->required();
  auto* abandon =
      cli.add_subcommand("abandon",
                         "the stopped plan is given up: those of its records that aren't in ClickHouse go to the dead-letter topic (bytes and headers intact, "
                         "code `abandoned`), and in\n"
                         "the same transaction the partitions move on to the end of its ranges. Takes 12 s, until inserts that may be under way have landed");
  abandon->add_option("PLAN", plan, "its id, as `show` says it")->required();
  abandon->add_option("--reason", reason, "for whoever looks at the dead letters");
  abandon->add_flag("--lose-missing", lose, "move on even if records are neither in ClickHouse nor in the log any more: they are lost");
  options.add_to(cli);
  CLI11_PARSE(cli, argc, argv);
  log::start("plan", options.level);
  const auto settings = options.read();
  if (!settings) return refused(settings.error());

  if (show->parsed()) {
    const auto shown = operate::show_plans(*settings);
    if (!shown) return refused(shown.error());
    say(options.json ? operate::json(*shown) : operate::text(*shown));
    return shown->all_go_on() ? kDone : kOperatorNeeded;
  }
  PlanId id;
  if (!parse_uuid(plan.data(), plan.size(), id.value)) return refused({Retry::kPermanent, 0, "'" + plan + "' is no plan's id: `millrace plan show` says them"});
  if (retry->parsed()) {
    const auto retried = operate::retry_plan(*settings, id);
    if (!retried) return refused(retried.error());
    return say(options.json ? operate::json(*retried) : operate::text(*retried));
  }
  if (stop->parsed()) {
    const auto stopped = operate::stop_plan(*settings, id);
    if (!stopped) return refused(stopped.error());
    return say(options.json ? operate::json(*stopped) : operate::text(*stopped));
  }
  const auto abandoned =
      operate::abandon_plan(*settings, id, reason.empty() ? "by an operator" : reason, lose ? operate::LoseRecords::kYes : operate::LoseRecords::kNo);
  if (!abandoned) return refused(abandoned.error());
  return say(options.json ? operate::json(*abandoned) : operate::text(*abandoned, settings->dead_letters));
}

const Subcommand subcommand("plan", "plans that were begun: show, retry, stop, abandon", run);

}  // namespace plan_command
}  // namespace millrace::app
