#include "topic_store/writer.h"

#include <algorithm>

#include "base/log.h"

namespace millrace::topic_store {
namespace {

using namespace std::chrono_literals;
using kafka::milliseconds;
using std::chrono::steady_clock;

// A process that is told to stop waits for one such call at most. A commit that takes longer counts as unknown, which costs another
// attempt and no more.
constexpr milliseconds kStep{1'000}, kCommit{1'500};

// To be fenced is all in a day's work here, which the client calls a fatal error; and the follower's client says it when brokers are away.
kafka::KafkaProperties quiet(kafka::KafkaProperties properties) {
  properties.overrides.try_emplace("log_level", "1");
  return properties;
}

}  // namespace

Writer::Writer(StoreSettings settings, Follower& follower) : settings_(std::move(settings)), follower_(follower), random_(std::random_device{}()) {}

milliseconds Writer::slice(Deadline deadline, milliseconds most) const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  return std::clamp(left, milliseconds(1), most);
}

Status Writer::write(const Decide& decide) {
  const Deadline deadline = steady_clock::now() + settings_.write_timeout;
  const std::unique_lock lock(mutex_, deadline);
  if (!lock) return transient("topic " + settings_.topic + ": other writes of this process waited for Kafka until there was no time left");
  may_have_landed_ = false;
  std::string why = "no attempt";
  for (int64_t attempts = 1; steady_clock::now() < deadline && !follower_.stopping(); ++attempts) {
    auto done = attempt(decide, deadline);
    if (done && *done == Attempt::kDone) return {};
    if (!done && done.error().retry == Retry::kPermanent) return std::unexpected(done.error());
    if (!done) why = done.error().message;
    log::debug("topic {}: attempt {}: {}", settings_.topic, attempts, why);
    // Two that fence each other must not do so forever: whoever waits longer lets the other one through.
    const auto most = std::min<int64_t>(25 * attempts, 400);
    follower_.pause(slice(deadline, milliseconds(std::uniform_int_distribution<int64_t>(1, most)(random_))));
  }
  const std::string what = "topic " + settings_.topic + ": " + why;
  if (may_have_landed_) return unknown_outcome(what + "; whether it was written isn't known: ask again");
  return transient(what + "; nothing was written: try again");
}

Result<Writer::Attempt> Writer::attempt(const Decide& decide, Deadline deadline) {
  if (auto is_ready = ready(deadline); !is_ready) return std::unexpected(is_ready.error());
  if (auto end = read_to_end(deadline); !end) return std::unexpected(end.error());
  const std::vector<NewRecord> records = decide();
  if (records.empty()) return Attempt::kDone;
  if (auto sent = send(records); !sent) return std::unexpected(sent.error());
  // It is written; who asks this process next shall see it.
  if (auto end = read_to_end(deadline); !end) log::warn("topic {}: a write isn't seen yet: {}", settings_.topic, end.error().message);
  return Attempt::kDone;
}

// A producer that was the last to initialise, for all we know.
Status Writer::ready(Deadline deadline) {
  if (!ends_) {
    kafka::ReaderSettings settings;
    settings.kafka = quiet(settings_.kafka);
    settings.isolation = kafka::Isolation::kReadUncommitted;  // see read_to_end()
    auto reader = kafka::Reader::create(settings);
    if (!reader) return std::unexpected(reader.error());
    ends_ = std::move(*reader);
  }
  if (!producer_) {
    kafka::TransactionalSettings settings;
    settings.kafka = quiet(settings_.kafka);
    settings.transactional_id = settings_.transactional_id;
    auto producer = kafka::TransactionalProducer::create(settings);
    if (!producer) return std::unexpected(producer.error());
    producer_ = std::move(*producer);
  }
  if (!initialised_) {
    if (auto done = producer_->init(slice(deadline, kStep)); !done) return std::unexpected(recover(Step::kInit, done.error()));
    initialised_ = true;
  }
  return {};
}

// Asked for is the end with all that is appended, committed or not: a commit is acknowledged when the coordinator has noted it, which is
// before the partition has its marker, so the end of what can be read may still be in front of our own last write. The
// follower passes this end only when every transaction in front of it is settled.
Result<Offset> Writer::read_to_end(Deadline deadline) {
  auto end = ends_->watermarks({settings_.topic, PartitionId(0)}, slice(deadline, kStep));
  if (!end) return std::unexpected(Error{Retry::kTransient, end.error().code, end.error().message});
  auto reached = follower_.wait_for(end->high, std::min(deadline, steady_clock::now() + kStep));
  if (!reached) return std::unexpected(reached.error());
  if (*reached) return end->high;
  // Perhaps somebody died in the middle of a transaction after we initialised: doing so again settles it.
  drop_producer();
  return transient("the topic wasn't read to its end, offset " + std::to_string(end->high.value) + ", in time");
}

Status Writer::send(const std::vector<NewRecord>& records) {
  if (auto begun = producer_->begin(); !begun) return std::unexpected(recover(Step::kBegin, begun.error()));
  for (const NewRecord& record : records) {
    kafka::OutgoingRecord out;
    out.topic = settings_.topic;
    out.partition = PartitionId(0);
    out.key = record.key;
    out.null_value = !record.value;
    if (record.value) out.value = *record.value;
    if (auto queued = producer_->produce(out); !queued) return std::unexpected(recover(Step::kProduce, queued.error()));
  }
  // Not cut short by the deadline: a commit given up half-way is an unknown outcome for nothing.
  if (auto committed = producer_->commit(kCommit); !committed) return std::unexpected(recover(Step::kCommit, committed.error()));
  may_have_landed_ = false;
  return {};
}

void Writer::drop_producer() {
  producer_.reset();
  initialised_ = false;
}

Error Writer::recover(Step step, const kafka::TransactionError& error) {
  const Recovery recovery = recovery_from(step, error.failure);
  may_have_landed_ |= recovery.may_have_landed;
  if (recovery.producer == Recovery::Producer::kAbort) {
    if (auto aborted = producer_->abort(kStep); !aborted) recover(Step::kAbort, aborted.error());
  } else if (recovery.producer == Recovery::Producer::kDrop) {
    drop_producer();
  }
  return {recovery.give_up ? Retry::kPermanent : Retry::kTransient, error.code, error.message};
}

}  // namespace millrace::topic_store
