#include "pipeline/sinks/warehouse/warehouse_sink.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.h"
#include "pipeline/sinks/warehouse/plan_writer.h"

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::hours kSweepEvery{1};

// An order and how far it is. The writer holds it until it is done with it, cancelled or not.
struct WarehouseJob {
  WarehouseOrder order;
  std::atomic<bool> cancelled = false;
  bool taken_up = false;
  SinkState state{SinkState::Kind::kWriting, ""};
};

}  // namespace

struct WarehouseSink::Impl {
  WarehouseSinkSettings settings;
  metrics::Registry& metrics;
  metrics::Gauge waiting;
  std::function<void()> wakeup;
  Storage storage;       // the writer's
  PartitionMarks marks;  // too
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<WarehouseJob> job;
  bool closing = false;
  std::minstd_rand jitter{std::random_device{}()};
  std::thread writer;

  Impl(WarehouseSinkSettings s, metrics::Registry& m, std::function<void()> w)
      : settings(std::move(s)),
        metrics(m),
        waiting(m.gauge("millrace_sink_waiting", {{"sink", "warehouse"}})),
        wakeup(std::move(w)),
        storage(settings.storage) {}

  bool has_work() const { return job && !job->taken_up; }

  void write_loop() {
    auto next_sweep = Clock::now();
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait_until(lock, next_sweep, [&] { return closing || has_work(); });
      if (closing) return;
      if (!has_work()) {
        lock.unlock();
        sweep();
        next_sweep = Clock::now() + kSweepEvery;
        lock.lock();
        continue;
      }
      const std::shared_ptr<WarehouseJob> mine = job;
      mine->taken_up = true;
      lock.unlock();
      const auto begin = Clock::now();
      SinkState end = write(*mine);
      if (end.kind == SinkState::Kind::kDurable)
        metrics.histogram("millrace_warehouse_plan_seconds").observe(std::chrono::duration<double>(Clock::now() - begin).count());
      set_state(*mine, std::move(end));
      lock.lock();
    }
  }

  // Until it is durable, stopped or cancelled.
  SinkState write(WarehouseJob& of) {
    PlanWriter plan(of.order, storage, marks, settings.files, metrics, [&] { return of.cancelled.load(); });
    for (milliseconds pause = settings.retry_first; !of.cancelled; pause = std::min(pause * 2, settings.retry_max)) {
      const auto refused = plan.attempt();
      if (refused && !*refused) return {SinkState::Kind::kDurable, ""};
      if (refused) return {SinkState::Kind::kStopped, **refused};
      if (refused.error().retry == Retry::kPermanent) return {SinkState::Kind::kStopped, refused.error().message};
      if (of.cancelled) break;
      log::warn("plan {}: {}", to_string(of.order.plan.value), refused.error().message);
      set_state(of, {SinkState::Kind::kWriting, refused.error().message});
      // Half to one and a half of it: lanes that met the same full disk don't come back in the same moment.
      const auto jittered = pause / 2 + milliseconds(std::uniform_int_distribution<int64_t>(0, pause.count())(jitter));
      std::unique_lock lock(mutex);
      changed.wait_for(lock, jittered, [&] { return of.cancelled.load(); });
    }
    return {};
  }

  void set_state(WarehouseJob& of, SinkState state) {
    {
      std::lock_guard lock(mutex);
      if (of.cancelled || (of.state.kind == state.kind && of.state.reason == state.reason)) return;
      of.state = std::move(state);
      waiting.set(of.state.reason.empty() ? 0 : 1);
    }
    wakeup();
  }

  void sweep() {
    const size_t removed = storage.sweep(settings.sweep_older_than, [&] {
      std::lock_guard lock(mutex);
      return closing || has_work();
    });
    if (removed > 0) log::info("the warehouse {}: {} unfinished files of writers that died are removed", storage.name(), removed);
  }
};

WarehouseSink::WarehouseSink(WarehouseSinkSettings settings, metrics::Registry& metrics, std::function<void()> wakeup)
    : impl_(std::make_unique<Impl>(std::move(settings), metrics, std::move(wakeup))) {
  impl_->writer = std::thread([this] { impl_->write_loop(); });
}

WarehouseSink::~WarehouseSink() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
    if (impl_->job) impl_->job->cancelled = true;
  }
  impl_->changed.notify_all();
  impl_->writer.join();
}

void WarehouseSink::begin(WarehouseOrder order) {
  auto job = std::make_shared<WarehouseJob>();
  job->order = std::move(order);
  {
    std::lock_guard lock(impl_->mutex);
    MILLRACE_CHECK(!impl_->job || impl_->job->state.kind != SinkState::Kind::kWriting, "a sink writes one plan at a time");
    impl_->job = std::move(job);
  }
  impl_->changed.notify_all();
}

SinkState WarehouseSink::state() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->job ? impl_->job->state : SinkState{};
}

void WarehouseSink::cancel() {
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->job) impl_->job->cancelled = true;
    impl_->job.reset();
    impl_->waiting.set(0);
  }
  impl_->changed.notify_all();
}

std::vector<WarehouseTable> WarehouseSink::take_back() {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->job || impl_->job->state.kind != SinkState::Kind::kDurable) return {};
  auto tables = std::move(impl_->job->order.tables);
  impl_->job.reset();
  return tables;
}

}  // namespace millrace::pipeline
