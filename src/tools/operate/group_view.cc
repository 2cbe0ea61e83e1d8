#include "tools/operate/group_view.h"

#include <algorithm>
#include <set>
#include <thread>

namespace millrace::operate {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {
constexpr milliseconds kRequest{10'000}, kUnstableAgain{50};
}

Result<GroupView> GroupView::create(const Settings& settings) {
  auto admin = kafka::Admin::create(settings.kafka);
  if (!admin) return std::unexpected(admin.error());
  auto groups = kafka::GroupAdmin::create(settings.kafka);
  if (!groups) return std::unexpected(groups.error());
  auto reader = kafka::Reader::create({.kafka = settings.kafka, .group = settings.group});
  if (!reader) return std::unexpected(reader.error());
  return GroupView(settings, std::move(*admin), std::move(*groups), std::move(*reader));
}

Result<std::vector<TopicPartition>> GroupView::partitions() {
  if (settings_.topics.empty()) return groups_.partitions(settings_.group, kRequest);
  auto described = admin_.describe(settings_.topics, kRequest);
  if (!described) return std::unexpected(described.error());
  std::vector<TopicPartition> all;
  for (const auto& topic : *described) {
    if (!topic) return std::unexpected(topic.error());
    for (const PartitionId partition : topic->partitions) all.push_back({topic->name, partition});
  }
  std::ranges::sort(all);
  return all;
}

Result<std::map<std::string, Result<TopicId>>> GroupView::topic_ids(const std::vector<TopicPartition>& partitions) {
  std::set<std::string> names;
  for (const auto& partition : partitions) names.insert(partition.topic);
  const std::vector<std::string> list(names.begin(), names.end());
  std::map<std::string, Result<TopicId>> ids;
  if (list.empty()) return ids;
  auto described = admin_.describe(list, kRequest);
  if (!described) return std::unexpected(described.error());
  for (size_t i = 0; i < list.size(); ++i) {
    const auto& topic = (*described)[i];
    ids.emplace(list[i], topic ? Result<TopicId>(topic->id) : std::unexpected(topic.error()));
  }
  return ids;
}

Result<std::vector<PartitionState>> GroupView::read(const std::vector<TopicPartition>& partitions) {
  const auto until = Clock::now() + settings_.patience;
  while (true) {
    auto committed = reader_.committed(partitions, kRequest);
    if (!committed) return std::unexpected(committed.error());
    const bool pending = std::ranges::any_of(*committed, &kafka::CommittedOffset::unstable);
    if (pending && Clock::now() < until) {
      std::this_thread::sleep_for(kUnstableAgain);
      continue;
    }
    // After the offsets: a topic that is made anew in between is seen as such.
    auto ids = topic_ids(partitions);
    if (!ids) return std::unexpected(ids.error());
    std::vector<PartitionState> states;
    for (const auto& one : *committed) states.push_back(judge(one, ids->at(one.partition.topic)));
    return states;
  }
}

Result<std::vector<PartitionState>> GroupView::read_with_owners(const std::vector<TopicPartition>& partitions) {
  auto states = read(partitions);
  if (!states) return states;
  const auto group = groups_.describe(settings_.group, kRequest);
  if (!group) return std::unexpected(group.error());
  for (const auto& member : group->members)
    for (PartitionState& state : *states)
      if (std::ranges::find(member.partitions, state.partition) != member.partitions.end())
        state.owner = member.instance_id.empty() ? member.client_id : member.instance_id;
  return states;
}

Result<kafka::Watermarks> GroupView::watermarks(const TopicPartition& partition) { return reader_.watermarks(partition, kRequest); }

}  // namespace millrace::operate
