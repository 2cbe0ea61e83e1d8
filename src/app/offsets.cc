// millrace offsets show|accept: the group's committed offsets, and those that aren't ours.
#include <cstdio>

#include "app/operate_options.h"
#include "app/subcommand.h"
#include "base/log.h"
#include "tools/operate/report.h"

namespace millrace::app {
namespace offsets_command {

enum : int { kDone = 0, kFailed = 1, kOperatorNeeded = 2 };

int refused(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return kFailed;
}

int run(int argc, char** argv) {
  CLI::App cli{
      "Every offset that a worker commits carries a mark: this offset, of this topic. An offset without it (set by hand or by another tool,\n"
      "mirrored from another cluster, of a topic that was deleted and made anew) may skip events or bring them a second time, so its partition\n"
      "stands still until an operator accepts the offset, or another one, with `accept`.\n\n"
      "It acts only on partitions that stand still, may run beside the workers, and does nothing where something changes meanwhile.\n"
      "Status 0: done; 1: refused or failed, and nothing was changed unless it says that nobody knows; 2: `show` found what waits for an operator.",
      "millrace offsets"};
  OperateOptions options;
  std::string partition;
  std::optional<int64_t> at;
  bool doubles = false;
  cli.require_subcommand(1);
  cli.fallthrough();
  auto* show = cli.add_subcommand("show", "for each partition: offset, where the log begins and ends, lag, owner, state");
  auto* accept = cli.add_subcommand(
      "accept",
      "gives a partition's offset our mark; its owner goes on from there within 5 s. What stands before it and was not delivered is left out; what stands\n"
      "behind it and was, would come twice: refused, as far as ClickHouse's rows tell. Takes 12 s, until inserts that may be under way have landed");
  accept->add_option("TOPIC/PARTITION", partition, "as order.created/3")->required();
  accept->add_option("--at", at, "go on at this offset instead of the committed one")->check(CLI::NonNegativeNumber);
  accept->add_flag("--allow-doubles", doubles, "although ClickHouse has rows from that offset on: they are other events, or will be deleted");
  options.add_to(cli);
  CLI11_PARSE(cli, argc, argv);
  log::start("offsets", options.level);
  const auto settings = options.read();
  if (!settings) return refused(settings.error());

  if (show->parsed()) {
    const auto shown = operate::show_offsets(*settings);
    if (!shown) return refused(shown.error());
    std::fputs((options.json ? operate::json(*shown) : operate::text(*shown)).c_str(), stdout);
    return shown->all_go_on() ? kDone : kOperatorNeeded;
  }
  (void)accept;
  const auto name = operate::parse_partition(partition);
  if (!name) return refused(name.error());
  const auto accepted = operate::accept_offset(*settings, *name, at ? std::optional(Offset(*at)) : std::nullopt,
                                               doubles ? operate::AllowDoubles::kYes : operate::AllowDoubles::kNo);
  if (!accepted) return refused(accepted.error());
  std::fputs((options.json ? operate::json(*accepted) : operate::text(*accepted)).c_str(), stdout);
  return kDone;
}

const Subcommand subcommand("offsets", "committed offsets: show, accept those that aren't ours", run);

}  // namespace offsets_command
}  // namespace millrace::app
