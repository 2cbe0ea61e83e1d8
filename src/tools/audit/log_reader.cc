#include "tools/audit/log_reader.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <thread>

#include "clients/kafka/admin.h"

namespace millrace::audit {
namespace {

using namespace std::chrono_literals;
constexpr auto kTimeout = 15'000ms, kSettled = 30'000ms;

// Hands over every batch of `begin … end` of one partition; stops at its stable end too.
Status read_range(const kafka::KafkaProperties& properties, const PartitionRange& of, const std::function<Status(const kafka::MessageBatch&, size_t)>& take) {
  if (of.range.begin >= of.range.end) return {};
  auto reader = kafka::Reader::create({.kafka = properties, .group = {}});
  if (!reader) return std::unexpected(reader.error());
  if (auto assigned = reader->assign({{of.partition, of.range.begin}}); !assigned) return assigned;
  const std::string where = to_string(of.partition);
  kafka::MessageBatch batch;
  for (auto patience = std::chrono::steady_clock::now() + 60s;;) {
    reader->consume(batch, 10'000, 500ms);
    if (!batch.partition_errors().empty()) return permanent(where + ": " + batch.partition_errors()[0].error.message);
    for (size_t i = 0; i < batch.records().size(); ++i) {
      if (batch.records()[i].offset >= of.range.end) return {};
      if (auto taken = take(batch, i); !taken) return taken;
      if (batch.records()[i].offset.value + 1 == of.range.end.value) return {};
    }
    if (!batch.ends().empty()) return {};
    const auto now = std::chrono::steady_clock::now();
    if (!batch.records().empty()) patience = now + 60s;
    if (now > patience) return permanent(where + ": no answer within 60 s, is the broker running?");
  }
}

Result<std::vector<TopicPartition>> partitions_of(const kafka::KafkaProperties& properties, const std::vector<std::string>& topics) {
  auto admin = kafka::Admin::create(properties);
  if (!admin) return std::unexpected(admin.error());
  auto described = admin->describe(topics, kTimeout);
  if (!described) return std::unexpected(described.error());
  std::vector<TopicPartition> partitions;
  for (const auto& topic : *described) {
    if (!topic) return std::unexpected(topic.error());
    for (const PartitionId id : topic->partitions) partitions.push_back({topic->name, id});
  }
  return partitions;
}

// Of a frame of five bytes.
uint32_t schema_of(std::string_view value) {
  uint32_t id = 0;
  for (size_t byte = 1; byte < 5; ++byte) id = (id << 8) | static_cast<uint8_t>(value[byte]);
  return id;
}

template <class Number>
bool parse(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Avro's binary encoding of int and long, string (specification 1.12). The audit's own, as the rest of it.
class DatumHead {
 public:
  explicit DatumHead(std::string_view rest) : rest_(rest) {}
  int64_t number() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      n |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
  }
  std::string_view text() {
    const auto size = static_cast<size_t>(number());
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Result<std::vector<PartitionRange>> ranges(const kafka::KafkaProperties& properties, const std::string& group, const std::vector<std::string>& topics,
                                           bool to_end) {
  auto partitions = partitions_of(properties, topics);
  if (!partitions) return std::unexpected(partitions.error());
  auto reader = kafka::Reader::create({.kafka = properties, .group = group});
  if (!reader) return std::unexpected(reader.error());
  std::map<TopicPartition, int64_t> committed;
  if (!to_end) {
    auto offsets = reader->committed(*partitions, kTimeout);
    // Somewhere a transaction is under way most of the time; one of a killed worker is settled by its successor, or by its timeout.
    const auto patience = std::chrono::steady_clock::now() + kSettled;
    while (offsets && std::ranges::any_of(*offsets, &kafka::CommittedOffset::unstable) && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(50ms);
      offsets = reader->committed(*partitions, kTimeout);
    }
    if (!offsets) return std::unexpected(offsets.error());
    for (const auto& of : *offsets) {
      if (of.error) return std::unexpected(*of.error);
      if (of.offset) committed[of.partition] = of.offset->value;
    }
  }
  std::vector<PartitionRange> all;
  for (const TopicPartition& partition : *partitions) {
    auto marks = reader->watermarks(partition, kTimeout);
    if (!marks) return std::unexpected(marks.error());
    const auto found = committed.find(partition);
    const Offset end = to_end ? marks->high : found != committed.end() ? Offset(found->second) : marks->low;
    all.push_back({partition, {marks->low, std::max(end, marks->low)}});
  }
  return all;
}

Result<std::vector<LogRecord>> read_log(const kafka::KafkaProperties& properties, const PartitionRange& of, Schemas& schemas) {
  std::vector<LogRecord> records;
  uint32_t last_id = 0;
  const DatumReader* last = nullptr;
  auto done = read_range(properties, of, [&](const kafka::MessageBatch& batch, size_t i) -> Status {
    const kafka::RecordRef& record = batch.records()[i];
    LogRecord& entry = records.emplace_back();
    entry.offset = record.offset.value;
    entry.bytes = hash_of_value(record.value, record.null_value);
    if (record.value.size() < 5 || record.value[0] != 0) return {};
    const uint32_t id = schema_of(record.value);
    if (!last || id != last_id) {
      auto found = schemas.find(id);
      if (!found) return std::unexpected(found.error());
      last = *found, last_id = id;
    }
    if (!last) return {};
    if (auto identity = last->read(record.value.substr(5))) entry.identity = *identity, entry.readable = true;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return records;
}

Result<DeadLetters> read_dead_letters(const kafka::KafkaProperties& properties, const std::string& topic) {
  auto of = ranges(properties, "", {topic}, true);
  if (!of) return std::unexpected(of.error());
  DeadLetters letters;
  for (const PartitionRange& range : *of) {
    auto done = read_range(properties, range, [&](const kafka::MessageBatch& batch, size_t i) -> Status {
      TopicPartition source;
      DeadLetter letter;
      bool complete[3] = {};
      for (const kafka::Header& header : batch.headers(i)) {
        if (header.name == "millrace.topic") source.topic = header.value, complete[0] = true;
        if (header.name == "millrace.partition") complete[1] = parse(header.value, source.partition.value);
        if (header.name == "millrace.offset") complete[2] = parse(header.value, letter.offset);
      }
      const kafka::RecordRef& record = batch.records()[i];
      if (!complete[0] || !complete[1] || !complete[2])
        return permanent(topic + ": the dead letter at offset " + std::to_string(record.offset.value) + " doesn't say where it is from");
      letter.bytes = hash_of_value(record.value, record.null_value);
      letters[source].push_back(letter);
      return {};
    });
    if (!done) return std::unexpected(done.error());
  }
  for (auto& [source, list] : letters) std::ranges::sort(list, {}, &DeadLetter::offset);
  return letters;
}

Result<Alerts> read_alerts(const kafka::KafkaProperties& properties, const std::string& topic, Schemas& schemas) {
  auto of = ranges(properties, "", {topic}, true);
  if (!of) return std::unexpected(of.error());
  Alerts alerts;
  for (const PartitionRange& range : *of) {
    auto done = read_range(properties, range, [&](const kafka::MessageBatch& batch, size_t i) -> Status {
      const kafka::RecordRef& record = batch.records()[i];
      const std::string where = topic + "/" + std::to_string(record.partition.value) + ": the alert at offset " + std::to_string(record.offset.value);
      if (record.value.size() < 5 || record.value[0] != 0) return permanent(where + " has no frame");
      auto schema = schemas.find(schema_of(record.value));
      if (!schema) return std::unexpected(schema.error());
      const std::string_view datum = record.value.substr(5);
      if (*schema == nullptr || !(*schema)->read(datum)) return permanent(where + " is no datum of its schema");
      DatumHead head(datum);  // its first four fields: alert_id, topic, partition, offset
      const std::string_view id = head.text(), source = head.text();
      const int64_t partition = head.number(), offset = head.number();
      const std::string begin = std::string(source) + '/' + std::to_string(partition) + '/' + std::to_string(offset) + '/';
      if (!id.starts_with(begin) || id.size() == begin.size()) return permanent(where + " has the id " + std::string(id) + ", which isn't " + begin + "…");
      alerts[{std::string(source), PartitionId(static_cast<int32_t>(partition))}].push_back({offset, {hash_of(id, 5), hash_of(id, 6)}});
      return {};
    });
    if (!done) return std::unexpected(done.error());
  }
  for (auto& [source, list] : alerts) std::ranges::sort(list, {}, [](const Alert& alert) { return std::pair(alert.offset, alert.id); });
  return alerts;
}

}  // namespace millrace::audit
