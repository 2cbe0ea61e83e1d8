#include "pipeline/lane/lane.h"

#include <algorithm>

#include "base/log.h"

namespace millrace::pipeline {

std::string member_of(const PipelineSettings& all, int number) { return all.pipeline + "-" + all.instance + "-" + std::to_string(number); }

namespace {

constexpr std::chrono::milliseconds kWatch{2};  // how late a durable epoch is noticed
constexpr std::chrono::milliseconds kIdle{50};
constexpr std::chrono::milliseconds kMeasure{500};
constexpr std::chrono::milliseconds kFetchWaitLeast{10}, kFetchWaitMost{100};
constexpr size_t kFetchBytes = size_t{256} << 10;
constexpr std::chrono::milliseconds kStill{10'000};  // with records to deliver and none committed: said, then again after twice as long

IngestSettings ingest_settings(const PipelineSettings& all, const std::string& member) {
  IngestSettings settings;
  settings.consumer.kafka = all.kafka;
  settings.consumer.kafka.client_id = member;
  settings.consumer.group = all.pipeline;
  settings.consumer.instance_id = member;
  settings.consumer.session_timeout = all.session_timeout;
  settings.consumer.heartbeat_interval = std::min(std::chrono::milliseconds(1000), all.session_timeout / 3);
  settings.consumer.queued_bytes_max = all.prefetch_bytes_max;
  settings.consumer.fetch_bytes_max = std::min<size_t>(all.prefetch_bytes_max, size_t{8} << 20);
  if (all.epoch.linger >= 2 * kFetchWaitLeast) {  // who collects can wait a part of that time for what is collected: every fetch costs the broker
    settings.consumer.fetch_wait_max = std::clamp(all.epoch.linger / 5, kFetchWaitLeast, kFetchWaitMost);
    settings.consumer.fetch_bytes_min = kFetchBytes;
  }
  settings.topics = all.topics;
  settings.in_flight_records_max = all.in_flight_records_max;
  settings.in_flight_bytes_max = all.in_flight_bytes_max;
  return settings;
}

// Where files are written, epochs are long.
std::optional<SpoolSettings> spool_settings(const PipelineSettings& all) {
  if (storage_name(all.warehouse).empty()) return std::nullopt;
  // Well before ingest stops because too much is in flight.
  return SpoolSettings{.folder = spool_folder(all.warehouse),
                       .bytes_in_memory = all.warehouse_bytes_in_memory,
                       .record_bytes_in_memory = all.in_flight_bytes_max / 3,
                       .records_in_memory = all.in_flight_records_max / 3,
                       .time_column = all.rules.time_column};
}

EpochPace pace_for(const PipelineSettings& all) { return all.clickhouse.url.empty() ? EpochPace::even(all.epoch.bytes_max) : EpochPace(all.epoch.bytes_max); }

kafka::TransactionalSettings transactional_settings(const PipelineSettings& all, const std::string& member) {
  kafka::TransactionalSettings settings;
  settings.kafka = all.kafka;
  settings.kafka.client_id = member;
  settings.transactional_id = "millrace-" + member;
  return settings;
}

}  // namespace

Result<std::unique_ptr<Lane>> Lane::create(const LaneContext& context, int number) {
  auto ingest = Ingest::create(ingest_settings(context.settings, member_of(context.settings, number)), context.metrics);
  if (!ingest) return std::unexpected(ingest.error());
  auto reader = kafka::Reader::create({.kafka = context.settings.kafka, .group = {}});
  if (!reader) return std::unexpected(reader.error());
  std::unique_ptr<Lane> lane(new Lane(context, number, std::move(*ingest)));
  lane->reader_ = std::move(*reader);
  return lane;
}

Lane::Lane(const LaneContext& context, int number, Ingest ingest)
    : context_(context),
      name_(context.settings.pipeline + "/" + std::to_string(number)),
      memory_(spool_settings(context.settings)),
      ingest_(std::move(ingest)),
      transactions_(transactional_settings(context.settings, member_of(context.settings, number)), context.settings.dead_letters, context.alert_topic,
                    context.metrics),
      sinks_(context.settings, context.clickhouse, context.billing, context.metrics),
      metrics_(context.metrics, number),
      collecting_(context.catalogs.latest(), context.schemas, memory_),
      pace_(pace_for(context.settings)) {
  protocol_.catalog_known(CatalogHash(collecting_.catalog()->hash()));
}

Status Lane::run() {
  while (!fatal_) {
    turn();
    if (consumer_closing_ && ingest_.consumer().closed() && protocol_.idle() && !closed_ && !writing_) return {};
  }
  return std::unexpected(*fatal_);
}

void Lane::turn() {
  turned_ms_ = std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
  if (closing_) leave();
  ingest_.poll(patience(), in_memory());
  serve_group();
  if (fatal_) return;  // nothing that the core wants is carried out any more, so nothing may be planned either
  carry_out();         // what is revoked or lost must be out of the epoch before it may close
  seek_beginnings();
  take_up_catalog();
  collect();
  retry_schemas();
  look_at_sink();
  step_rebuild();
  serve_timers();
  close_if_due();
  carry_out();
  measure();
}

InFlightUsage Lane::in_epochs() const {
  InFlightUsage held{collecting_.records(), collecting_.bytes()};
  if (closed_) held.records += closed_->second.records(), held.bytes += closed_->second.bytes();
  if (writing_) held.records += writing_->rows.records(), held.bytes += writing_->rows.bytes();
  return held;
}

InFlightUsage Lane::in_memory() const {
  InFlightUsage held{collecting_.records_in_memory(), collecting_.bytes_in_memory()};
  if (closed_) held.records += closed_->second.records_in_memory(), held.bytes += closed_->second.bytes_in_memory();
  if (writing_) held.records += writing_->rows.records_in_memory(), held.bytes += writing_->rows.bytes_in_memory();
  return held;
}

// How long this turn may wait for records.
Lane::milliseconds Lane::patience() const {
  if (rebuild_) return milliseconds(1);
  if (writing_ && !writing_->durable) return kWatch;
  auto until = Clock::now() + kIdle;
  for (const Timer& timer : timers_) until = std::min(until, timer.at);
  if (collecting_since_) until = std::min(until, *collecting_since_ + pace_.linger(context_.settings.epoch.linger, behind()));
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - Clock::now()));
}

// ---- the group

// What is held is drained first, by a member in good standing: a client that is closing sends no heartbeats, so that its session ends, and
// its commits are refused, if a sink is slow for longer. With nothing in flight it closes at once.
void Lane::leave() {
  if (!leaving_) {
    leaving_ = true;
    drain_until_ = Clock::now() + context_.settings.drain_deadline;
    protocol_.revoked(protocol_.held());
    carry_out();
  }
  if (consumer_closing_ || protocol_.draining()) return;
  consumer_closing_ = true;
  ingest_.consumer().close();
}

void Lane::serve_group() {
  for (const kafka::Rebalance& rebalance : ingest_.take_rebalances()) on_rebalance(rebalance);
  for (const auto& [partition, error] : ingest_.take_partition_errors()) {
    log::warn("{}/{}: {}", partition.topic, partition.partition.value, error.message);
    if (error.retry != Retry::kPermanent || !ingest_.reading(partition)) continue;
    ingest_.stop_reading({partition});
    protocol_.reading_failed(partition, error.message);
  }
  if (drain_until_ && Clock::now() > *drain_until_) {
    log::warn("the epoch in flight wasn't finished within {} ms of a revocation: it is left to the next owner", context_.settings.drain_deadline.count());
    drain_until_.reset();
    protocol_.drain_deadline_passed();
  }
  if (auto fatal = ingest_.consumer().fatal_error(); fatal && !fatal_) {
    fatal_ = std::move(fatal);
  }
}

void Lane::on_rebalance(const kafka::Rebalance& rebalance) {
  const auto held = protocol_.held();
  std::string names;
  for (const auto& p : rebalance.partitions) names += " " + to_string(p);
  switch (rebalance.kind) {
    case kafka::RebalanceKind::kAssigned:
      metrics_.rebalance("assigned").add();
      log::info("lane {}: assigned{}", name_, names);
      if (group_asked_in_) fatal_ = Error{Retry::kTransient, 0, "the group went on although partitions weren't given back yet"};  // see group_gave_up()
      ingest_.accept_assignment();
      if (!leaving_) protocol_.assigned(rebalance.partitions);
      return;
    case kafka::RebalanceKind::kRevoked: {
      metrics_.rebalance("revoked").add();
      log::info("lane {}: to give back{}", name_, names);
      group_asks(rebalance.partitions);
      if (leaving_ && protocol_.draining()) return;  // of all that is held
      drain_until_ = Clock::now() + context_.settings.drain_deadline;
      const bool any = std::ranges::any_of(rebalance.partitions, [&](const auto& p) { return std::ranges::find(held, p) != held.end(); });
      if (any)
        protocol_.revoked(rebalance.partitions);
      else
        carry_out(action::Release{rebalance.partitions});
      return;
    }
    case kafka::RebalanceKind::kLost:
      metrics_.rebalance("lost").add();
      log::warn("lane {}: lost{}", name_, names);
      // The answer to a loss answers a revocation too: what drains for one is left to the next owner, before.
      protocol_.drain_deadline_passed();
      carry_out();
      group_asks(rebalance.partitions);
      protocol_.lost(rebalance.partitions);  // Release follows
      return;
  }
}

void Lane::group_asks(const std::vector<TopicPartition>& partitions) {
  group_asks_.insert(group_asks_.end(), partitions.begin(), partitions.end());
  const auto member = ingest_.consumer().group_metadata();
  group_asked_in_ = member ? member->generation() : -1;  // it is answered in any case
}

// Until a revocation is answered, the member stays in the generation that it came in. librdkafka goes on without the answer when a topic that
// is subscribed changes (rd_kafka_cgrp_metadata_update_check): then the partitions are somebody else's, and the broker, which doesn't
// know whose partition an offset is, would take this lane's commit for them.
bool Lane::group_gave_up() {
  if (!group_asked_in_) return false;
  const auto member = ingest_.consumer().group_metadata();
  return !member || member->generation() != *group_asked_in_;
}

// ---- time

void Lane::serve_timers() {
  const auto now = Clock::now();
  std::vector<Timer> ripe;
  std::erase_if(timers_, [&](Timer& timer) {
    if (timer.at > now) return false;
    ripe.push_back(std::move(timer));
    return true;
  });
  for (const Timer& timer : ripe) {
    if (const auto* read = std::get_if<action::ReadOffsets>(&timer.what))
      read_offsets(*read);
    else if (const auto* wait = std::get_if<action::Wait>(&timer.what))
      protocol_.waited(wait->number);
    else if (std::holds_alternative<action::InitProducer>(timer.what))
      carry_out(action::InitProducer{});
    else
      carry_out(std::get<action::ResolveBeginning>(timer.what));
  }
}

void Lane::measure() {
  const auto now = Clock::now();
  if (now - measured_ < kMeasure) return;
  measured_ = now;
  const InFlightUsage waiting = ingest_.waiting(), taken = in_epochs();
  metrics_.in_flight_records.set(static_cast<double>(waiting.records + taken.records));
  metrics_.in_flight_bytes.set(static_cast<double>(waiting.bytes + taken.bytes));
  metrics_.paused.set(ingest_.paused() ? 1 : 0);
  metrics_.rules(memory_.figures());
  const auto held = protocol_.held();
  metrics_.assigned.set(static_cast<double>(held.size()));
  const PlanPtr plan = writing_ ? writing_->plan : rebuild_ ? rebuild_->plan() : nullptr;
  metrics_.plans_pending.set(plan ? 1 : 0);
  const auto wall_ms = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  metrics_.plan_age.set(plan ? static_cast<double>(wall_ms - plan->time_ms) / 1000 : 0);
  metrics_.stopped(stopped_);
  stopped_count_ = stopped_.size();
  int64_t lag = 0;
  for (const TopicPartition& partition : held) {
    const auto committed = protocol_.committed_offset(partition);
    const auto marks = ingest_.consumer().cached_watermarks(partition);
    if (!committed || !marks) continue;
    const int64_t behind = std::max<int64_t>(0, marks->high.value - committed->value);
    lag += behind;
    metrics_.lag(partition, behind);
    lag_shown_.insert(partition);
  }
  not_collected_ = lag - static_cast<int64_t>(taken.records);
  std::erase_if(lag_shown_, [&](const TopicPartition& partition) {
    if (std::ranges::find(held, partition) != held.end()) return false;
    metrics_.gone(partition);
    return true;
  });
  say_when_still(now, waiting.records + taken.records, lag);
}

// A lane that stands still says what for. (Lag alone is no sign: markers and aborted records at a partition's end are never committed.)
void Lane::say_when_still(Clock::time_point now, size_t in_flight, int64_t lag) {
  if (!lag_then_) lag_then_ = lag;
  if (in_flight == 0 && lag <= *lag_then_ && protocol_.content()) committed_at_ = now, still_said_ = milliseconds(0);
  const auto still = std::chrono::duration_cast<milliseconds>(now - committed_at_);
  metrics_.still.set(static_cast<double>(still.count()) / 1000);
  if (still < std::max(context_.settings.epoch.linger + kStill, 2 * still_said_)) return;
  still_said_ = still;
  log::warn("lane {}: nothing was committed for {} s; {} records in flight, {} behind; it waits for {}", name_, still.count() / 1000, in_flight, lag,
            protocol_.waits_for());
}

}  // namespace millrace::pipeline
