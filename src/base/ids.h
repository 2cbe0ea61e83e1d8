#pragma once
// Strong types for the field's ids: an offset can't be passed for a partition.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace millrace {

template <class Tag, class Rep>
struct StrongId {
  Rep value{};
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
};

using Offset = StrongId<struct OffsetTag, int64_t>;
using PartitionId = StrongId<struct PartitionTag, int32_t>;
using SchemaId = StrongId<struct SchemaTag, int32_t>;

// Topic and partition by name: what the consumer protocol and the client library speak.
struct TopicPartition {
  std::string topic;
  PartitionId partition;
  auto operator<=>(const TopicPartition&) const = default;
};
std::string to_string(const TopicPartition& partition);  // order.created/3

// [begin, end): the committed offset after the range is its end.
struct OffsetRange {
  Offset begin, end;
  auto operator<=>(const OffsetRange&) const = default;
};

// 128 bits, as the wire and ClickHouse's UInt128 have them: `high` holds the more significant half.
struct Uuid {
  uint64_t high = 0, low = 0;
  auto operator<=>(const Uuid&) const = default;
};

// Kafka's topic id: a topic deleted and made anew has another one.
using TopicId = StrongId<struct TopicIdTag, Uuid>;
// UUIDv7, never reused, in order of time.
using PlanId = StrongId<struct PlanIdTag, Uuid>;

std::string to_string(const Uuid& id);                     // 8-4-4-4-12, lower case
bool parse_uuid(const char* text, size_t size, Uuid& id);  // the same form, either case
// RFC 9562 section 5.7: 48 bits of Unix milliseconds, version 7, 74 random bits.
Uuid make_uuid_v7(int64_t unix_ms, uint64_t random_high, uint64_t random_low);

}  // namespace millrace

template <class Tag, class Rep>
struct std::hash<millrace::StrongId<Tag, Rep>> {
  size_t operator()(const millrace::StrongId<Tag, Rep>& id) const { return std::hash<Rep>{}(id.value); }
};
template <>
struct std::hash<millrace::TopicPartition> {
  size_t operator()(const millrace::TopicPartition& tp) const { return std::hash<std::string>{}(tp.topic) * 31 + static_cast<size_t>(tp.partition.value); }
};
