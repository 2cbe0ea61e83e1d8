#include "pipeline/sinks/billing/billing_sink.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace millrace::pipeline {

namespace {

// The writer holds it until it is done with it, cancelled or not.
struct BillingJob {
  BillingOrder order;
  std::atomic<bool> cancelled = false;
  SinkState state{SinkState::Kind::kWriting, ""};
};

constexpr std::chrono::seconds kAfterRefusedCall{5};  // the server answers, but not this call: nothing else hangs on it

}  // namespace

struct BillingSink::Impl {
  std::shared_ptr<BillingClient> client;
  metrics::Gauge waiting;
  std::function<void()> wakeup;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<BillingJob> job;
  bool taken = false;  // the writer has the job
  bool closing = false;
  std::thread writer;

  Impl(std::shared_ptr<BillingClient> c, metrics::Registry& metrics, std::function<void()> w)
      : client(std::move(c)), waiting(metrics.gauge("millrace_sink_waiting", {{"sink", "billing"}})), wakeup(std::move(w)) {}

  void write_loop() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return closing || (job && !taken); });
      if (closing) return;
      taken = true;
      const std::shared_ptr<BillingJob> mine = job;
      lock.unlock();
      send(*mine);
      lock.lock();
    }
  }

  void send(BillingJob& mine) {
    while (const auto ticket = client->gate().enter([&] { return mine.cancelled.load(); })) {
      const auto sent = client->apply(mine.order);
      const bool answered = sent || sent.error().retry == Retry::kPermanent;
      client->gate().leave(*ticket, answered);
      if (sent) {
        say(mine, *sent ? SinkState{SinkState::Kind::kStopped, **sent} : SinkState{SinkState::Kind::kDurable, ""});
        return;
      }
      say(mine, {SinkState::Kind::kWriting, sent.error().message});
      if (answered) {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, kAfterRefusedCall, [&] { return mine.cancelled.load(); });
      }
    }
  }

  void say(BillingJob& of, SinkState state) {
    {
      std::lock_guard lock(mutex);
      if (of.cancelled || (of.state.kind == state.kind && of.state.reason == state.reason)) return;
      of.state = std::move(state);
      waiting.set(of.state.reason.empty() ? 0 : 1);
    }
    wakeup();
  }

  void forget() {
    {
      std::lock_guard lock(mutex);
      if (job) job->cancelled = true;
      job.reset();
    }
    changed.notify_all();
    client->gate().wake();
  }
};

BillingSink::BillingSink(std::shared_ptr<BillingClient> client, metrics::Registry& metrics, std::function<void()> wakeup)
    : impl_(std::make_unique<Impl>(std::move(client), metrics, std::move(wakeup))) {
  impl_->writer = std::thread([raw = impl_.get()] { raw->write_loop(); });
}

BillingSink::~BillingSink() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->forget();
  impl_->writer.join();
}

void BillingSink::begin(BillingOrder order) {
  auto job = std::make_shared<BillingJob>();
  job->order = std::move(order);
  if (job->order.ranges.empty()) job->state = {SinkState::Kind::kDurable, ""};
  {
    std::lock_guard lock(impl_->mutex);
    MILLRACE_CHECK(!impl_->job || impl_->job->state.kind != SinkState::Kind::kWriting, "a sink writes one plan at a time");
    impl_->taken = job->order.ranges.empty();
    impl_->job = std::move(job);
  }
  impl_->changed.notify_all();
}

SinkState BillingSink::state() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->job ? impl_->job->state : SinkState{};
}

void BillingSink::cancel() {
  impl_->forget();
  impl_->waiting.set(0);
}

Result<std::optional<Offset>> BillingSink::expected(const std::string& pipeline, const TopicId& topic, PartitionId partition) {
  return impl_->client->expected(pipeline, topic, partition);
}

}  // namespace millrace::pipeline
