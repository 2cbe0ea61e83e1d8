#pragma once
// Reads partitions by assignment, outside of any group: for adoption, audit, replay and the topic store. Never commits.

#include <memory>

#include "clients/kafka/batch.h"

namespace millrace::kafka {

enum class Isolation { kReadCommitted, kReadUncommitted };

struct ReaderSettings {
  KafkaProperties kafka;
  Isolation isolation = Isolation::kReadCommitted;
  std::string group;  // only for committed(): whose offsets to look at
  size_t queued_bytes_max = 16u << 20;
  milliseconds fetch_wait_max{20};
};

// One thread. Reports the end of each partition in MessageBatch::ends(), again after every time it caught up.
class Reader {
 public:
  static Result<Reader> create(const ReaderSettings& settings);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // Replaces what is read. An offset that is no longer (or not yet) there arrives as a partition error.
  Status assign(const std::vector<std::pair<TopicPartition, Offset>>& begins);
  Status seek(const std::vector<std::pair<TopicPartition, Offset>>& positions);
  Status pause(const std::vector<TopicPartition>& partitions);
  Status resume(const std::vector<TopicPartition>& partitions);
  void consume(MessageBatch& batch, size_t records_max, milliseconds timeout);

  Result<Watermarks> watermarks(const TopicPartition& partition, milliseconds timeout);
  // The first offset whose record is not older than `unix_ms`; the end if there is none.
  Result<std::vector<std::pair<TopicPartition, Offset>>> offsets_at(const std::vector<TopicPartition>& partitions, int64_t unix_ms, milliseconds timeout);
  Result<std::vector<CommittedOffset>> committed(const std::vector<TopicPartition>& partitions, milliseconds timeout);

  const std::string& topic_name(uint16_t index) const;

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::kafka
