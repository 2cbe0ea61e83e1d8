#include "simulation/source_log.h"

#include <algorithm>

namespace millrace::simulation {

int64_t LogPartition::end(int64_t now) const {
  const auto at = std::ranges::upper_bound(records, now, {}, &Record::arrives);
  return at - records.begin();
}

PlanRange LogPartition::range(int64_t begin, int64_t end) const {
  PlanRange range{name, topic, {Offset(begin), Offset(end)}, 0, 1469598103934665603};
  for (int64_t at = begin; at < end; ++at) {
    if (records[static_cast<size_t>(at)].kind == Kind::kHole) continue;
    ++range.records;
    range.checksum = (range.checksum ^ (records[static_cast<size_t>(at)].value + static_cast<uint64_t>(at))) * 1099511628211;
  }
  return range;
}

SourceLog::SourceLog(Environment& environment) : env_(environment) {
  for (int t = 0; t < env_.schedule.topics; ++t) {
    const TopicId id({7, ++topics_});
    for (int p = 0; p < env_.schedule.partitions; ++p) add("t" + std::to_string(t), p, id);
  }
  if (env_.schedule.poison) {
    LogPartition& p = partitions_[env_.random.below(partitions_.size())];
    p.poison = env_.random.between(0, p.last_end() - 1);
  }
}

LogPartition& SourceLog::add(const std::string& topic, int32_t partition, TopicId id) {
  LogPartition& made = partitions_.emplace_back();
  made.name = {topic, PartitionId(partition)};
  made.topic = id;
  int64_t arrives = env_.now() - env_.random.between(0, 3'000);
  const int64_t count = env_.random.between(std::max(1, env_.schedule.records / 2), env_.schedule.records);
  for (int64_t i = 0; i < count; ++i) {
    using Kind = LogPartition::Kind;
    const size_t dice = env_.random.below(20);
    made.records.push_back({dice < 14   ? Kind::kRow
                            : dice < 16 ? Kind::kLetter
                            : dice < 17 ? Kind::kUncertain
                                        : Kind::kHole,
                            env_.random.next(),
                            arrives,
                            false,
                            0,
                            {}});
    auto& record = made.records.back();
    record.raises = record.value % 4 == 0;
    record.usage = static_cast<uint8_t>(record.value / 4 % 3 == 0 ? 0 : 1 + record.value / 12 % 9);
    arrives += env_.random.between(0, 2 * env_.schedule.faults_ms / count);
  }
  return made;
}

LogPartition* SourceLog::current(const TopicPartition& name) {
  for (LogPartition& p : partitions_)
    if (!p.deleted && p.name == name) return &p;
  return nullptr;
}
LogPartition* SourceLog::find(TopicId topic, PartitionId partition) {
  for (LogPartition& p : partitions_)
    if (p.topic == topic && p.name.partition == partition) return &p;
  return nullptr;
}
std::vector<LogPartition*> SourceLog::current() {
  std::vector<LogPartition*> found;
  for (LogPartition& p : partitions_)
    if (!p.deleted) found.push_back(&p);
  return found;
}

void SourceLog::grow() {
  const LogPartition& like = *env_.random.pick(current());
  int32_t most = 0;
  for (const LogPartition* p : current())
    if (p->topic == like.topic) most = std::max(most, p->name.partition.value);
  LogPartition& added = add(like.name.topic, most + 1, like.topic);
  added.younger = true;
  for (auto& record : added.records) record.arrives = std::max(record.arrives, env_.now());
}

std::string SourceLog::make_anew() {
  const std::string topic = env_.random.pick(current())->name.topic;
  const TopicId id({7, ++topics_});
  const size_t before = partitions_.size();
  for (size_t i = 0; i < before; ++i) {
    LogPartition& old = partitions_[i];
    if (old.deleted || old.name.topic != topic) continue;
    old.deleted = true;
    LogPartition& added = add(topic, old.name.partition.value, id);
    added.younger = true;
    for (auto& record : added.records) record.arrives = std::max(record.arrives, env_.now());
  }
  return topic;
}

std::vector<TopicPartition> partitions_of(const Plan& plan) {
  std::vector<TopicPartition> names;
  for (const PlanRange& range : plan.ranges) names.push_back(range.partition);
  return names;
}

bool SourceLog::dead(const std::vector<GivenUp>& given_up, size_t range, const LogPartition& partition, int64_t offset) {
  const auto kind = partition.records[static_cast<size_t>(offset)].kind;
  if (kind != LogPartition::Kind::kUncertain) return kind == LogPartition::Kind::kLetter;
  return std::ranges::any_of(given_up, [&](const auto& given) { return given.range == range && given.offset == Offset(offset); });
}

Rows SourceLog::rows(const MadePtr& made, const std::string& table) {
  Rows rows{made, table, {}};
  const Plan& plan = *made->plan;
  for (size_t i = 0; i < plan.ranges.size(); ++i) {
    const PlanRange& range = plan.ranges[i];
    if (range.partition.topic != table) continue;
    LogPartition& p = *find(range.topic_id, range.partition.partition);
    for (int64_t at = range.offsets.begin.value; at < range.offsets.end.value; ++at)
      if (p.records[static_cast<size_t>(at)].kind != LogPartition::Kind::kHole && !dead(made->given_up, i, p, at)) rows.records.emplace_back(&p, at);
  }
  return rows;
}

std::string SourceLog::tenant_of(const LogPartition::Record& record) { return "tenant " + std::to_string(record.value / 128 % 3); }

// Every range of every topic, and what tenants used by the events of each that are delivered.
Bill SourceLog::bill(const MadePtr& made, const std::string& pipeline, uint32_t generation) {
  constexpr int64_t kDayMs = 86'400'000;
  const Plan& plan = *made->plan;
  Bill bill{made, {generation, pipeline, plan.id, plan.time_ms, {}, {}}, {}};
  for (size_t i = 0; i < plan.ranges.size(); ++i) {
    const PlanRange& range = plan.ranges[i];
    LogPartition& p = *find(range.topic_id, range.partition.partition);
    const auto number = static_cast<uint32_t>(bill.order.ranges.size());
    const size_t before = bill.records.size();
    for (int64_t at = range.offsets.begin.value; at < range.offsets.end.value; ++at) {
      const auto& record = p.records[static_cast<size_t>(at)];
      if (record.kind == LogPartition::Kind::kHole || record.usage == 0 || dead(made->given_up, i, p, at)) continue;
      bill.records.emplace_back(&p, at);
      bill.order.usage.push_back({number, tenant_of(record), "events", "1", 20'000 * kDayMs, kDayMs, Decimal{record.usage, 0}});
    }
    if (bill.records.size() == before && !env_.guards.billing.every_range_billed) continue;  // the broken rule
    bill.order.ranges.push_back({range.partition.topic, range.topic_id, range.partition.partition, range.offsets, range.records});
  }
  return bill;
}

const char* name(Letter::Kind kind) { return kind == Letter::Kind::kAlert ? "alert" : "dead letter"; }

std::vector<Letter> SourceLog::letters(Letter::Kind kind, const Plan& plan, const std::vector<TopicPartition>& of, const std::vector<GivenUp>& given_up) {
  std::vector<Letter> made;
  for (size_t i = 0; i < plan.ranges.size(); ++i) {
    const PlanRange& range = plan.ranges[i];
    if (std::ranges::find(of, range.partition) == of.end()) continue;
    LogPartition& p = *find(range.topic_id, range.partition.partition);
    for (int64_t at = range.offsets.begin.value; at < range.offsets.end.value; ++at) {
      const auto& record = p.records[static_cast<size_t>(at)];
      if (record.kind == LogPartition::Kind::kHole) continue;
      const bool is_dead = dead(given_up, i, p, at);
      if (kind == Letter::Kind::kDeadLetter ? is_dead : !is_dead && record.raises) made.push_back({kind, &p, at});
    }
  }
  return made;
}

}  // namespace millrace::simulation
