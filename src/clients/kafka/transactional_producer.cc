#include "clients/kafka/transactional_producer.h"

#include <cstring>

#include "clients/kafka/handle.h"

namespace millrace::kafka {
namespace {

enum class Phase { kInit, kBegin, kSend, kCommit, kAbort };

bool is_fence(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}
bool is_group_refusal(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
         code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
}

TransactionFailure classify(const rd_kafka_error_t* error, Phase phase) {
  auto code = rd_kafka_error_code(error);
  if (is_fence(code)) return TransactionFailure::kFenced;
  if (rd_kafka_error_is_fatal(error)) return TransactionFailure::kUnknown;
  switch (phase) {
    case Phase::kInit: return rd_kafka_error_is_retriable(error) ? TransactionFailure::kTransient : TransactionFailure::kUnknown;
    case Phase::kBegin: return TransactionFailure::kUnknown;  // it asks nobody: an error means a state that we did not expect
    case Phase::kSend:
      // No commit was asked for yet, so whatever happens to the transaction, it isn't committed.
      if (is_group_refusal(code)) return TransactionFailure::kRefusedByGroup;
      return rd_kafka_error_txn_requires_abort(error) || rd_kafka_error_is_retriable(error) ? TransactionFailure::kAbortable : TransactionFailure::kUnknown;
    case Phase::kCommit: {
      // Abortable is sure only when the request to end the transaction never left. Once it did, librdkafka says so
      // (rdkafka_txnmgr.c, rd_kafka_txn_handle_EndTxn), and the commit may have gone through all the same.
      const char* text = rd_kafka_error_string(error);
      bool asked = std::strstr(text, "EndTxn") || std::strstr(text, "end transaction");
      if (!asked && rd_kafka_error_txn_requires_abort(error))
        return is_group_refusal(code) ? TransactionFailure::kRefusedByGroup : TransactionFailure::kAbortable;
      return TransactionFailure::kUnknown;
    }
    case Phase::kAbort: return TransactionFailure::kUnknown;
  }
  return TransactionFailure::kUnknown;
}

TransactionStatus outcome(ErrorPtr error, Phase phase, const char* what) {
  if (!error) return {};
  auto code = rd_kafka_error_code(error.get());
  return std::unexpected(TransactionError{classify(error.get(), phase), code,
                                          std::string(what) + ": " + rd_kafka_error_string(error.get()) + " (" + rd_kafka_err2name(code) + ")"});
}

}  // namespace

const char* name(TransactionFailure failure) {
  switch (failure) {
    case TransactionFailure::kFenced: return "fenced";
    case TransactionFailure::kRefusedByGroup: return "refused by the group";
    case TransactionFailure::kAbortable: return "abortable";
    case TransactionFailure::kTransient: return "transient";
    case TransactionFailure::kUnknown: return "unknown outcome";
  }
  return "?";
}

struct TransactionalProducer::Impl {
  HandlePtr rk;
  ~Impl() {
    // What is still queued belongs to a transaction that will never be committed.
    if (rk) rd_kafka_purge(rk.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
};

TransactionalProducer::TransactionalProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TransactionalProducer::TransactionalProducer(TransactionalProducer&&) noexcept = default;
TransactionalProducer& TransactionalProducer::operator=(TransactionalProducer&&) noexcept = default;
TransactionalProducer::~TransactionalProducer() = default;

Result<TransactionalProducer> TransactionalProducer::create(const TransactionalSettings& s) {
  auto backoff = std::to_string(std::max<int64_t>(1, s.retry_backoff.count()));
  auto conf = make_conf(s.kafka, {{"transactional.id", s.transactional_id},
                                  {"transaction.timeout.ms", std::to_string(s.transaction_timeout.count())},
                                  {"enable.idempotence", "true"},
                                  {"linger.ms", "0"},
                                  {"retry.backoff.ms", backoff},
                                  {"retry.backoff.max.ms", std::to_string(std::max<int64_t>(100, s.retry_backoff.count()))},
                                  {"partitioner", "murmur2_random"},
                                  {"compression.type", "lz4"}});
  if (!conf) return std::unexpected(conf.error());
  auto rk = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!rk) return std::unexpected(rk.error());
  auto impl = std::make_unique<Impl>();
  impl->rk = std::move(*rk);
  return TransactionalProducer(std::move(impl));
}

TransactionStatus TransactionalProducer::init(milliseconds timeout) {
  return outcome(ErrorPtr(rd_kafka_init_transactions(impl_->rk.get(), static_cast<int>(timeout.count()))), Phase::kInit,
                 "initialising the transactional producer");
}

TransactionStatus TransactionalProducer::begin() {
  return outcome(ErrorPtr(rd_kafka_begin_transaction(impl_->rk.get())), Phase::kBegin, "beginning a transaction");
}

TransactionStatus TransactionalProducer::produce(const OutgoingRecord& record) {
  for (int attempt = 0;; ++attempt) {
    ErrorPtr error = produce_record(impl_->rk.get(), record);
    if (!error) return {};
    auto code = rd_kafka_error_code(error.get());
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && attempt < 1000) {
      rd_kafka_poll(impl_->rk.get(), 10);
      continue;
    }
    auto failure = is_fence(code)                         ? TransactionFailure::kFenced
                   : rd_kafka_error_is_fatal(error.get()) ? TransactionFailure::kUnknown
                                                          : TransactionFailure::kAbortable;
    return std::unexpected(TransactionError{failure, code, "producing to " + std::string(record.topic) + ": " + rd_kafka_error_string(error.get())});
  }
}

TransactionStatus TransactionalProducer::send_offsets(const std::vector<OffsetToCommit>& offsets, const GroupMetadata& group, milliseconds timeout) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& o : offsets) {
    // librdkafka silently leaves out offsets below 0.
    MILLRACE_CHECK(o.offset.value >= 0, "an offset to commit must be set: " + o.partition.topic);
    auto* e = rd_kafka_topic_partition_list_add(list.get(), o.partition.topic.c_str(), o.partition.partition.value);
    e->offset = o.offset.value;
    if (!o.metadata.empty()) {
      e->metadata_size = o.metadata.size();
      e->metadata = std::malloc(o.metadata.size() + 1);  // freed by the list; sent as a C string
      std::memcpy(e->metadata, o.metadata.c_str(), o.metadata.size() + 1);
    }
  }
  auto* handle = static_cast<const rd_kafka_consumer_group_metadata_t*>(group.handle());
  MILLRACE_CHECK(handle != nullptr && (group.fences() || group.of_no_member()), "offsets are committed as a member of the group, or by an operator");
  return outcome(ErrorPtr(rd_kafka_send_offsets_to_transaction(impl_->rk.get(), list.get(), handle, static_cast<int>(timeout.count()))), Phase::kSend,
                 "sending offsets to the transaction");
}

TransactionStatus TransactionalProducer::commit(milliseconds timeout) {
  return outcome(ErrorPtr(rd_kafka_commit_transaction(impl_->rk.get(), static_cast<int>(timeout.count()))), Phase::kCommit, "committing the transaction");
}

void TransactionalProducer::flush(milliseconds timeout) { (void)rd_kafka_flush(impl_->rk.get(), static_cast<int>(timeout.count())); }

TransactionStatus TransactionalProducer::abort(milliseconds timeout) {
  return outcome(ErrorPtr(rd_kafka_abort_transaction(impl_->rk.get(), static_cast<int>(timeout.count()))), Phase::kAbort, "aborting the transaction");
}

}  // namespace millrace::kafka
