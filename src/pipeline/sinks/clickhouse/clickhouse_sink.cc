#include "pipeline/sinks/clickhouse/clickhouse_sink.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "clients/clickhouse/rows.h"
#include "pipeline/sinks/clickhouse/table_writer.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {

// An order and how far it is. Writers hold it until they are done with it, cancelled or not.
struct Job {
  WriteOrder order;
  size_t next = 0, left = 0;  // tables to take up, tables not yet durable
  bool cancelled = false;
  SinkState state{SinkState::Kind::kWriting, "", false};
};

}  // namespace

struct ClickHouseSink::Impl {
  ClickHouseSinkSettings settings;
  metrics::Registry& metrics;
  metrics::Gauge waiting;
  std::function<void()> wakeup;
  std::vector<clickhouse::Client> asking;  // a shard each; the lane's thread
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<Job> job;
  bool closing = false;
  std::vector<std::thread> writers;

  Impl(ClickHouseSinkSettings s, metrics::Registry& m, std::function<void()> w)
      : settings(std::move(s)), metrics(m), waiting(m.gauge("millrace_sink_waiting", {{"sink", "clickhouse"}})), wakeup(std::move(w)), asking(clients()) {}

  std::vector<clickhouse::Client> clients() const {
    std::vector<clickhouse::Client> all;
    for (const auto& shard : settings.shards) all.emplace_back(shard);
    return all;
  }

  void write_loop() {
    std::vector<clickhouse::Client> of_shards = clients();
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return closing || (job && !job->cancelled && job->next < job->order.tables.size()); });
      if (closing) return;
      const std::shared_ptr<Job> mine = job;
      const TableRows& table = mine->order.tables[mine->next++];
      lock.unlock();
      TableWriterContext context{of_shards[mine->order.shard],
                                 settings.insert_settings,
                                 metrics,
                                 [&](milliseconds time) {
                                   std::unique_lock waiting_lock(mutex);
                                   return !changed.wait_for(waiting_lock, time, [&] { return closing || mine->cancelled; });
                                 },
                                 [&](const std::string& reason) { say(*mine, reason); },
                                 [&] {
                                   std::lock_guard crowded_lock(mutex);
                                   mine->state.crowded = true;
                                 }};
      std::string reason;
      const TableOutcome outcome = write_table(mine->order, table, context, reason);
      lock.lock();
      if (outcome == TableOutcome::kStopped) mine->state = {SinkState::Kind::kStopped, reason, mine->state.crowded};
      if (outcome == TableOutcome::kDurable && --mine->left == 0 && mine->state.kind == SinkState::Kind::kWriting)
        mine->state = {SinkState::Kind::kDurable, "", mine->state.crowded};
      if (mine->state.kind != SinkState::Kind::kWriting && !mine->cancelled) {
        lock.unlock();
        wakeup();
        lock.lock();
      }
    }
  }

  void say(Job& of, const std::string& reason) {
    {
      std::lock_guard lock(mutex);
      if (of.state.kind != SinkState::Kind::kWriting || of.state.reason == reason) return;
      of.state.reason = reason;
    }
    waiting.set(reason.empty() ? 0 : 1);
    wakeup();
  }
};

ClickHouseSink::ClickHouseSink(ClickHouseSinkSettings settings, metrics::Registry& metrics, std::function<void()> wakeup)
    : impl_(std::make_unique<Impl>(std::move(settings), metrics, std::move(wakeup))) {
  MILLRACE_CHECK(!impl_->settings.shards.empty(), "a ClickHouse sink without a server");
  for (size_t i = 0; i < impl_->settings.connections; ++i) impl_->writers.emplace_back([this] { impl_->write_loop(); });
}

ClickHouseSink::~ClickHouseSink() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
    if (impl_->job) impl_->job->cancelled = true;
  }
  impl_->changed.notify_all();
  for (auto& writer : impl_->writers) writer.join();
}

void ClickHouseSink::begin(WriteOrder order) {
  auto job = std::make_shared<Job>();
  job->order = std::move(order);
  job->left = job->order.tables.size();
  const size_t shard = job->order.shard, shards = impl_->settings.shards.size();
  if (job->left == 0) {
    job->state = {SinkState::Kind::kDurable, "", false};
  } else if (shard >= shards) {
    job->next = job->left;
    job->state = {SinkState::Kind::kStopped,
                  "the plan's rows go to shard " + std::to_string(shard + 1) + ", and clickhouse.shards lists " + std::to_string(shards) +
                      ": shards may be added at the end of the list, not taken away while a plan is open",
                  false};
  }
  {
    std::lock_guard lock(impl_->mutex);
    MILLRACE_CHECK(!impl_->job || impl_->job->cancelled || impl_->job->state.kind != SinkState::Kind::kWriting, "a sink writes one plan at a time");
    impl_->job = std::move(job);
  }
  impl_->changed.notify_all();
}

SinkState ClickHouseSink::state() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->job ? impl_->job->state : SinkState{};
}

void ClickHouseSink::cancel() {
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->job) impl_->job->cancelled = true;
    impl_->job.reset();
  }
  impl_->waiting.set(0);
  impl_->changed.notify_all();
}

std::vector<TableRows> ClickHouseSink::take_back() {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->job || impl_->job->state.kind != SinkState::Kind::kDurable) return {};
  auto rows = std::move(impl_->job->order.tables);
  impl_->job.reset();
  return rows;
}

Result<std::optional<Offset>> ClickHouseSink::last_offset(const std::string& table, const std::string& topic, PartitionId partition) {
  std::optional<Offset> last;
  for (clickhouse::Client& shard : impl_->asking) {
    const auto replicated = shard.replicated(table);
    if (!replicated) return std::unexpected(replicated.error());
    if (*replicated == clickhouse::Replicated::kYes)
      if (const auto synced = shard.sync_replica(table); !synced) return std::unexpected(synced.error());
    const auto answer = shard.select("SELECT count(), max(_offset) FROM " + clickhouse::quote_identifier(table) +
                                         " WHERE _topic = " + clickhouse::quote_string(topic) + " AND _partition = " + std::to_string(partition.value),
                                     "TabSeparated");
    if (!answer) return std::unexpected(answer.error());
    const size_t tab = answer->find('\t');
    if (tab == std::string::npos || answer->starts_with("0\t")) continue;
    const Offset here(std::stoll(answer->substr(tab + 1)));
    if (!last || *last < here) last = here;
  }
  return last;
}

}  // namespace millrace::pipeline
