#include "services/billing/group_commit.h"

#include <algorithm>

#include "base/log.h"
#include "services/billing/schema.h"

namespace millrace::billing {
namespace {
constexpr size_t kGroupMax = 256;  // keeps the first of a long queue from waiting for the last
}

GroupCommit::GroupCommit(sql::Settings settings, sql::Connection connection, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      connection_(std::move(connection)),
      commit_seconds_(metrics.histogram("millrace_billing_transaction_seconds")),
      commit_works_(metrics.histogram("millrace_billing_transaction_writes")),
      failures_(metrics.counter("millrace_billing_failed_transactions_total")),
      writer_([this] { write_loop(); }) {}

GroupCommit::~GroupCommit() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  arrived_.notify_all();
  writer_.join();
}

Status GroupCommit::run(Work work) {
  Waiting mine{std::move(work), {}};
  std::unique_lock lock(mutex_);
  if (closing_) return transient("the service is stopping");
  queue_.push_back(&mine);
  arrived_.notify_one();
  done_.wait(lock, [&] { return mine.outcome.has_value(); });
  return *mine.outcome;
}

std::optional<std::string> GroupCommit::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void GroupCommit::write_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto count = static_cast<ptrdiff_t>(std::min(queue_.size(), kGroupMax));
    const std::vector<Waiting*> group(queue_.begin(), queue_.begin() + count);
    queue_.erase(queue_.begin(), queue_.begin() + count);
    std::vector<Status> outcomes(group.size(), transient("the service is stopping"));
    if (!closing_) {
      lock.unlock();
      outcomes.assign(group.size(), transact(group));
      // One of them may be what fails: each for itself then, unless there is no database to try it on.
      if (group.size() > 1 && !outcomes[0] && connection_)
        for (size_t i = 0; i < group.size(); ++i) outcomes[i] = transact(std::span(group).subspan(i, 1));
      lock.lock();
    }
    trouble_.reset();
    for (size_t i = 0; i < group.size(); ++i) {
      if (!outcomes[i]) trouble_ = outcomes[i].error().message;
      group[i]->outcome = std::move(outcomes[i]);
    }
    done_.notify_all();
  }
}

Status GroupCommit::transact(std::span<Waiting* const> group) {
  const auto began = std::chrono::steady_clock::now();
  const auto all = [&]() -> Status {
    if (connection_ && connection_->broken()) connection_.reset();
    if (!connection_) {
      auto opened = sql::Connection::open(settings_);
      if (!opened) return std::unexpected(opened.error());
      connection_ = std::move(*opened);
    }
    if (auto begun = connection_->begin(sql::Begin::kWrite); !begun) return begun;
    if (auto turn = take_turn(*connection_); !turn) return turn;
    for (auto* waiting : group)
      if (auto done = waiting->work(*connection_); !done) return done;
    return connection_->commit();
  };
  Status outcome = all();
  if (!outcome) {
    failures_.add();
    log::error("{} write{} not done: {}", group.size(), group.size() == 1 ? "" : "s", outcome.error().message);
    if (connection_) connection_->rollback();
    if (connection_ && connection_->broken()) connection_.reset();
    return outcome;
  }
  commit_works_.observe(static_cast<double>(group.size()));
  commit_seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return outcome;
}

}  // namespace millrace::billing
