// The lane's epochs: collecting, closing, and looking how far the written one is.
#include <algorithm>
#include <random>

#include "base/log.h"
#include "pipeline/lane/lane.h"

namespace millrace::pipeline {

namespace {

constexpr std::chrono::milliseconds kSchemaPatience{200};  // a registry that answers does so in far less
constexpr std::chrono::milliseconds kSchemaAgain{500};
constexpr std::chrono::milliseconds kRebuildStep{10};
constexpr std::chrono::milliseconds kCollectStep{100};

int64_t wall_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// How many of a run, from its beginning: up to the one that reaches the bytes that are left, at least one. `more_each`: bytes that a record takes
// besides its own.
size_t that_fit(std::span<const Record> records, size_t records_left, size_t bytes_left, size_t more_each) {
  size_t count = 0, bytes = 0;
  while (count < std::min(records.size(), records_left) && bytes < bytes_left)
    bytes += records[count].key.size() + records[count].value.size() + more_each, ++count;
  return count;
}

}  // namespace

// ---- collecting

void Lane::collect() {
  if (closed_) return;  // in the moments until its plan is committed
  const EpochSettings& epoch = context_.settings.epoch;
  const auto until = Clock::now() + kCollectStep;
  while (!full_ && Clock::now() < until && collecting_.records() < epoch.records_max && collecting_.bytes() < pace_.bytes_allowed()) {
    auto run = ingest_.front();
    if (!run) return;
    const TopicPartition partition = run->partition;
    if (!protocol_.may_plan(partition)) {  // about to go, or to be stopped: the core says when and where it is read again
      ingest_.stop_reading({partition});
      continue;
    }
    if (!collecting_.has_range(partition)) {
      full_ = !budget_.fits_partition(partition.topic);
      if (full_) return;
      collecting_.begin_range(partition, *protocol_.next_begin(partition));
      budget_.add_partition(partition.topic);
    }
    run->records = run->records.first(
        that_fit(run->records, epoch.records_max - collecting_.records(), pace_.bytes_allowed() - collecting_.bytes(), alert_bytes_a_record_));
    const CollectedRange& range = collecting_.ranges().at(partition);
    const size_t given_up = range.given_up.size(), bytes = range.bytes, alert_bytes = range.alert_bytes;
    const auto progress = collecting_.append(*run, budget_.given_up_left(), kSchemaPatience, kCollectStep);
    for (size_t i = given_up; i < range.given_up.size(); ++i) budget_.add_given_up();
    metrics_.consumed(partition.topic, progress.records, range.bytes - bytes);
    // How many alerts records raise isn't known before: the last ones tell, so that a storm overruns an epoch once and not again.
    if (progress.records > 0) alert_bytes_a_record_ = std::max((range.alert_bytes - alert_bytes) / progress.records, alert_bytes_a_record_ * 3 / 4);
    if (progress.records > 0 && !collecting_since_) collecting_since_ = Clock::now();
    ingest_.pop(progress.records);
    not_collected_ -= static_cast<int64_t>(progress.records);
    if (progress.why == EpochRows::Progress::Why::kFull) full_ = true;
    if (const Status room = collecting_.make_room(); !room) {  // this epoch takes no more, and the next one tries again
      if (!full_) log::warn("lane {}: {}", name_, room.error().message);
      full_ = true;
    }
    if (progress.why == EpochRows::Progress::Why::kSchemaAwaited) await_schema(partition, progress.reason);
  }
}

// A schema that was never seen, and nobody to ask: that partition waits, the others go on.
void Lane::await_schema(const TopicPartition& partition, const std::string& reason) {
  if (!awaiting_schema_.contains(partition)) log::warn("{}/{} waits: {}", partition.topic, partition.partition.value, reason);
  ingest_.stop_reading({partition});
  const CollectedRange& range = collecting_.ranges().at(partition);
  awaiting_schema_[partition] = {range.offsets.end, Clock::now() + kSchemaAgain};
  if (range.records > 0) return;
  collecting_.drop({partition});  // it takes no place from the others while it waits
  measure_budget();
}

void Lane::retry_schemas() {
  const auto now = Clock::now();
  std::erase_if(awaiting_schema_, [&](const auto& entry) {
    const auto& [partition, awaited] = entry;
    if (awaited.again > now) return false;
    if (protocol_.may_plan(partition)) ingest_.start_reading(partition, awaited.from);
    return true;
  });
}

// ---- closing

bool Lane::due() const {
  const EpochSettings& epoch = context_.settings.epoch;
  if (collecting_.empty()) return false;
  // What can't be put aside (rejected records, above all) may not come so close to what may be in flight that nothing more is read.
  if (collecting_.records_in_memory() > context_.settings.in_flight_records_max / 2 ||
      collecting_.bytes_in_memory() > context_.settings.in_flight_bytes_max / 2)
    return true;
  return full_ || collecting_.records() >= pace_.records(epoch.records, epoch.records_max, behind()) || collecting_.bytes() >= pace_.bytes_allowed() ||
         Clock::now() - *collecting_since_ >= pace_.linger(epoch.linger, behind());
}

bool Lane::behind() const { return not_collected_ > static_cast<int64_t>(context_.settings.epoch.records); }

void Lane::close_if_due() {
  if (rebuild_ || closed_ || (writing_ && (!writing_->durable || writing_->told))) return;  // it grows meanwhile
  const bool waiting = writing_.has_value();  // its end is committed together with the next plan, if that is due soon
  if (protocol_.draining() || !protocol_.wants_epoch() || collecting_.empty()) {
    if (waiting) tell_durable();
    return;
  }
  if (!due()) return;
  const std::string why_not = obstacle();
  if (why_not != obstacle_said_) {
    obstacle_said_ = why_not;
    if (!why_not.empty()) log::warn("lane {} plans nothing: {}", name_, why_not);
  }
  if (!why_not.empty()) {
    if (waiting) tell_durable();
    return;
  }
  if (!letters_fit()) {
    if (waiting) tell_durable();
    return;
  }
  const PlanPtr plan = make_plan();
  closed_.emplace(plan, std::move(collecting_));
  open_epoch();
  protocol_.epoch_closed(plan);
  if (waiting) tell_durable();
}

// Why nothing may be planned now; empty: it may.
std::string Lane::obstacle() const {
  const std::string clock = context_.server_clock == nullptr ? "" : context_.server_clock->obstacle();
  return clock.empty() && collecting_.alert_bytes() > 0 ? context_.alert_topic.obstacle() : clock;
}

// What could refuse a dead letter is tried before there is a plan.
bool Lane::letters_fit() {
  for (const RejectedRecord& rejected : collecting_.rejected())
    if (rejected.bytes() > Transactions::kDeadLetterBytesMax) {
      protocol_.reading_failed(rejected.source, "the record at offset " + std::to_string(rejected.offset.value) + " can't be decoded (" +
                                                    rejected.rejection.reason + ") and is too large for a dead letter: " + std::to_string(rejected.bytes()) +
                                                    " bytes");
      return false;  // the core has it thrown away
    }
  return true;
}

PlanPtr Lane::make_plan() const {
  thread_local std::mt19937_64 random{std::random_device{}()};
  auto plan = std::make_shared<Plan>();
  plan->time_ms = wall_ms();
  plan->id = PlanId(make_uuid_v7(plan->time_ms, random(), random()));
  plan->catalog = CatalogHash(collecting_.catalog()->hash());
  plan->shards = static_cast<uint16_t>(std::max<size_t>(1, context_.clickhouse.size()));
  for (const auto& [name, range] : collecting_.ranges()) {
    if (range.records == 0) continue;  // its first record waits for its schema
    for (const auto& [offset, code] : range.given_up) plan->given_up.push_back({static_cast<uint16_t>(plan->ranges.size()), offset, code});
    plan->ranges.push_back({name, *protocol_.topic_id(name), range.offsets, range.records, range.checksum});
  }
  return plan;
}

void Lane::measure_budget() {
  budget_ = {};
  for (const auto& [name, range] : collecting_.ranges()) {
    budget_.add_partition(name.topic);
    for (size_t i = 0; i < range.given_up.size(); ++i) budget_.add_given_up();
  }
  full_ = false;
}

void Lane::take_up_catalog() {
  if (collecting_.ranges().empty() && context_.catalogs.latest() != collecting_.catalog()) open_epoch();
}

void Lane::open_epoch() {
  const CatalogPtr catalog = context_.catalogs.latest();
  protocol_.catalog_known(CatalogHash(catalog->hash()));
  collecting_ = EpochRows(catalog, context_.schemas, memory_);
  budget_ = {};
  collecting_since_.reset();
  full_ = false;
}

void Lane::tell_durable() {
  writing_->told = true;
  protocol_.plan_durable(writing_->plan->id);
}

// ---- the one that is written

void Lane::look_at_sink() {
  if (!writing_ || writing_->durable || writing_->told) return;
  const SinkState state = sinks_.state();
  if (state.kind == SinkState::Kind::kStopped) {
    writing_->told = true;
    protocol_.plan_refused(writing_->plan->id, state.reason);
  }
  if (state.kind != SinkState::Kind::kDurable) return;
  writing_->durable = true;
  set_pace(state);
  metrics_.queryable(writing_->rows.ranges(), wall_ms());
  for (TableRows& table : sinks_.take_back())
    if (!table.topic.empty()) memory_.give_back(table.topic, std::move(table.rows));
}

void Lane::set_pace(const SinkState& durable) {
  const int before = pace_.stretch();
  pace_.written(writing_->rows.bytes(), std::chrono::duration_cast<milliseconds>(Clock::now() - writing_->since), durable.crowded);
  if (pace_.stretch() == before) return;
  metrics_.stretch.set(pace_.stretch());
  const auto linger_ms = pace_.linger(context_.settings.epoch.linger, false).count();
  if (durable.crowded)
    log::warn("lane {}: ClickHouse has too many parts: epochs are collected for {} ms now", name_, linger_ms);
  else
    log::info("lane {}: epochs are collected for {} ms again", name_, linger_ms);
}

void Lane::step_rebuild() {
  if (!rebuild_ || rebuild_told_) return;
  if (rebuilt_) return tell_rebuilt();
  const std::string said = rebuild_->reason();
  switch (rebuild_->step(kRebuildStep)) {
    case PlanRebuild::State::kGoingOn: return;
    case PlanRebuild::State::kWaiting:
      if (rebuild_->reason() != said) log::warn("plan {} waits: {}", to_string(rebuild_->plan()->id.value), rebuild_->reason());
      return;
    case PlanRebuild::State::kDone: rebuilt_ = true; return tell_rebuilt();
    case PlanRebuild::State::kRefused:
      rebuilt_ = rebuild_told_ = true;  // nothing more to do for it
      return protocol_.plan_refused(rebuild_->plan()->id, rebuild_->reason());
  }
}

void Lane::tell_rebuilt() {
  const std::string why_not = rebuild_->rows().alert_bytes() > 0 ? context_.alert_topic.obstacle() : "";
  if (!why_not.empty()) {
    if (why_not != obstacle_said_) log::warn("plan {} waits: {}", to_string(rebuild_->plan()->id.value), obstacle_said_ = why_not);
    return;
  }
  rebuild_told_ = true;
  protocol_.plan_rebuilt(rebuild_->plan()->id);
}

}  // namespace millrace::pipeline
