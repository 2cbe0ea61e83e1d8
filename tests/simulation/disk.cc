#include "simulation/disk.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

bool Disk::full() const { return world_.env.now() < free_at_ || world_.faults.outage_of(Server::kDisk); }

const DiskFile* Disk::find(const std::string& name) const {
  const auto at = files_.find(name);
  return at == files_.end() ? nullptr : &at->second;
}

void Disk::publish(const std::string& name, const DiskFile& file, const Reply& reply) {
  auto& pipeline = *world_.pipelines[static_cast<size_t>(file.made->pipeline)];
  pipeline.checker.sees("the warehouse", *file.made);
  if (!files_.contains(name) && world_.env.chance(world_.env.schedule.foreign_file)) {
    world_.env.trace([&] { return "disk: somebody puts another file in the place of " + name; });
    files_[name] = foreign_for(file);
  }
  const auto [at, is_new] = files_.try_emplace(name, file);
  world_.env.trace([&, new_one = is_new] { return "disk: " + name + (new_one ? " is there" : " was there"); });
  if (is_new && file.manifest) pipeline.checker.manifested(file);
  if (!is_new) ++world_.saw.files_were_there;
  const Published published = is_new ? Published::kNew : Published::kWasThere;
  const bool slow = world_.env.chance(world_.env.schedule.file_slow);
  if (world_.env.guards.warehouse.names_synced)
    return sync_later(name, published, slow ? world_.env.random.between(100, 2'000) : world_.env.random.between(1, 10), reply);
  sync_later(name, published, world_.env.random.between(1'000, 30'000), [](Published) {});  // the broken rule: when the system likes
  reply(published);
}

void Disk::sync(const std::string& name, const Reply& reply) {
  if (!world_.env.guards.warehouse.names_synced) return reply(Published::kWasThere);
  sync_later(name, Published::kWasThere, world_.env.random.between(1, 10), reply);
}

void Disk::sync_later(const std::string& name, Published published, int64_t ms, const Reply& reply) {
  world_.env.queue.after(ms, [=, this] {
    const auto at = files_.find(name);
    if (at == files_.end()) return reply(Published::kFailed);
    at->second.synced = true;
    reply(published);
  });
}

DiskFile Disk::foreign_for(const DiskFile& file) const {
  DiskFile other = file;
  other.foreign = other.synced = true;
  if (other.manifest) {
    other.manifest->ranges.clear();
  } else {
    Rows rows = *file.rows;
    rows.records.pop_back();
    other.rows = std::make_shared<const Rows>(std::move(rows));
  }
  return other;
}

bool Disk::manifested(const std::string& pipeline, TopicId topic, PartitionId partition) const {
  return std::ranges::any_of(files_, [&](const auto& entry) {
    const auto& manifest = entry.second.manifest;
    return manifest && (pipeline.empty() || manifest->pipeline == pipeline) &&
           std::ranges::any_of(manifest->ranges, [&](const auto& range) { return range.topic_id == topic && range.partition == partition; });
  });
}

void Disk::fill() {
  free_at_ = world_.env.now() + world_.env.random.between(500, 15'000);
  ++world_.saw.disk_full;
  world_.env.trace([&] { return "disk: full for " + std::to_string(free_at_ - world_.env.now()) + " ms"; });
}

void Disk::lose_power() {
  world_.env.trace([] { return "disk: its machine loses power"; });
  for (auto at = files_.begin(); at != files_.end();) {
    const DiskFile& file = at->second;
    if (file.synced) {
      ++at;
      continue;
    }
    world_.env.trace([&] { return "disk: " + at->first + " is gone"; });
    if (file.manifest) world_.pipelines[static_cast<size_t>(file.made->pipeline)]->checker.manifest_gone(file);
    at = files_.erase(at);
  }
  for (auto& pipeline : world_.pipelines)
    if (pipeline->sinks.warehouse) pipeline->fleet.die_with_their_machine();
}

std::set<PlanId> Disk::remove_foreign() {
  std::set<PlanId> plans;
  for (const auto& [name, file] : files_)
    if (file.foreign) plans.insert(file.made->plan->id);
  std::erase_if(files_, [](const auto& entry) { return entry.second.foreign; });
  return plans;
}

}  // namespace millrace::simulation
