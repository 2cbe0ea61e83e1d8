#include "pipeline/commit/plan.h"

#include <algorithm>

namespace millrace::pipeline {
namespace {

constexpr std::string_view kPrefix = "mr1.";
constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648 section 5
constexpr size_t kRangeBytes = 1 + 5 + 10 + 5 + 5 + 8;                                          // topic, partition, begin, length, records, checksum: at most
constexpr size_t kGivenUpBytes = 1 + 5 + 1;
constexpr size_t kBinaryMax = (kMetadataBytesMax - kPrefix.size()) / 4 * 3;

class Writer {
 public:
  void number(uint64_t n) {
    for (; n >= 0x80; n >>= 7) bytes_.push_back(static_cast<char>(n | 0x80));
    bytes_.push_back(static_cast<char>(n));
  }
  void fixed(uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>(n >> shift));
  }
  void uuid(const Uuid& id) { fixed(id.high), fixed(id.low); }
  void text(std::string_view s) { number(s.size()), bytes_.append(s); }

  std::string base64() const {
    std::string out(kPrefix);
    out.reserve(kPrefix.size() + bytes_.size() * 4 / 3 + 4);
    uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes_) {
      bits = bits << 8 | static_cast<uint8_t>(c);
      for (count += 8; count >= 6; count -= 6) out.push_back(kDigits[bits >> (count - 6) & 63]);
    }
    if (count > 0) out.push_back(kDigits[bits << (6 - count) & 63]);
    return out;
  }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == bytes_.size(); }

  uint64_t number() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t c = byte();
      n |= static_cast<uint64_t>(c & 0x7f) << shift;
      if (c < 0x80) return n;
    }
    ok_ = false;
    return 0;
  }
  uint64_t fixed() {
    uint64_t n = 0;
    for (int i = 0; i < 8; ++i) n = n << 8 | byte();
    return n;
  }
  Uuid uuid() {
    const uint64_t high = fixed();
    return {high, fixed()};
  }
  std::string text() {
    const uint64_t size = number();
    if (size > bytes_.size() - at_) return ok_ = false, std::string();
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  // A count whose elements take at least a byte each.
  uint64_t count() {
    const uint64_t n = number();
    if (n > bytes_.size() - at_) return ok_ = false, 0;
    return n;
  }

 private:
  uint8_t byte() {
    if (at_ >= bytes_.size()) return ok_ = false, uint8_t{0};
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  std::string bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

std::optional<std::string> unbase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto* digit = std::find(kDigits, kDigits + 64, c);
    if (digit == kDigits + 64) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit - kDigits);
    if ((count += 6) >= 8) bytes.push_back(static_cast<char>(bits >> (count -= 8) & 0xff));
  }
  return bytes;
}

void write(Writer& out, const Plan& plan) {
  out.uuid(plan.id.value);
  out.number(static_cast<uint64_t>(plan.time_ms));
  out.uuid(plan.catalog.value);
  out.number(plan.row_semantics);
  std::vector<const PlanRange*> topics;  // the first range of each
  const auto topic_of = [&](const PlanRange& range) {
    return std::ranges::find_if(topics, [&](const auto* t) { return t->topic_id == range.topic_id && t->partition.topic == range.partition.topic; });
  };
  for (const PlanRange& range : plan.ranges)
    if (topic_of(range) == topics.end()) topics.push_back(&range);
  out.number(topics.size());
  for (const PlanRange* topic : topics) out.uuid(topic->topic_id.value), out.text(topic->partition.topic);
  out.number(plan.ranges.size());
  for (const PlanRange& range : plan.ranges) {
    out.number(static_cast<uint64_t>(topic_of(range) - topics.begin()));
    out.number(static_cast<uint32_t>(range.partition.partition.value));
    out.number(static_cast<uint64_t>(range.offsets.begin.value));
    out.number(static_cast<uint64_t>(range.offsets.end.value - range.offsets.begin.value));
    out.number(range.records);
    out.fixed(range.checksum);
  }
  out.number(plan.given_up.size());
  for (const GivenUp& given : plan.given_up) {
    out.number(given.range);
    out.number(static_cast<uint64_t>(given.offset.value - plan.ranges.at(given.range).offsets.begin.value));
    out.number(static_cast<uint64_t>(given.code));
  }
}

std::optional<Plan> read_plan(Reader& in) {
  Plan plan;
  plan.id = PlanId(in.uuid());
  plan.time_ms = static_cast<int64_t>(in.number());
  plan.catalog = CatalogHash(in.uuid());
  plan.row_semantics = static_cast<uint16_t>(in.number());
  std::vector<std::pair<TopicId, std::string>> topics(in.count());
  for (auto& [id, name] : topics) id = TopicId(in.uuid()), name = in.text();
  plan.ranges.resize(in.count());
  for (PlanRange& range : plan.ranges) {
    const uint64_t topic = in.number();
    if (topic >= topics.size()) return std::nullopt;
    range.topic_id = topics[topic].first;
    range.partition = {topics[topic].second, PartitionId(static_cast<int32_t>(in.number()))};
    range.offsets.begin = Offset(static_cast<int64_t>(in.number()));
    range.offsets.end = Offset(range.offsets.begin.value + static_cast<int64_t>(in.number()));
    range.records = static_cast<uint32_t>(in.number());
    range.checksum = in.fixed();
  }
  plan.given_up.resize(in.count());
  for (GivenUp& given : plan.given_up) {
    given.range = static_cast<uint16_t>(in.number());
    if (given.range >= plan.ranges.size()) return std::nullopt;
    given.offset = Offset(plan.ranges[given.range].offsets.begin.value + static_cast<int64_t>(in.number()));
    given.code = static_cast<RejectionCode>(in.number());
  }
  if (!in.ok()) return std::nullopt;
  return plan;
}

}  // namespace

const PlanRange* Plan::find(const TopicPartition& partition) const {
  const auto at = std::ranges::find(ranges, partition, &PlanRange::partition);
  return at == ranges.end() ? nullptr : &*at;
}

std::string encode(const CommitMetadata& metadata) {
  Writer out;
  out.number(static_cast<uint64_t>(metadata.offset.value));
  out.uuid(metadata.topic_id.value);
  out.number(metadata.adoptions);
  const bool sharded = metadata.plan && metadata.plan->shards != 1;
  out.number((metadata.stopped ? 1u : 0u) | (metadata.plan ? 2u : 0u) | (sharded ? 4u : 0u));
  if (metadata.plan) write(out, *metadata.plan);
  if (sharded) out.number(metadata.plan->shards);  // last, and only then: releases without shards read the rest
  std::string text = out.base64();
  MILLRACE_CHECK(text.size() <= kMetadataBytesMax, "a plan of " + std::to_string(text.size()) + " bytes doesn't fit an offset's metadata");
  return text;
}

Result<CommitMetadata> decode(std::string_view text) {
  if (text.empty()) return permanent("the committed offset carries no metadata: it was not committed by millrace");
  if (!text.starts_with(kPrefix))
    return permanent(text.starts_with("mr") ? "the committed offset's metadata is of another release of millrace (" + std::string(text.substr(0, 4)) + ")"
                                            : "the committed offset's metadata is not millrace's: somebody else commits for this group");
  auto bytes = unbase64(text.substr(kPrefix.size()));
  if (!bytes) return permanent("the committed offset's metadata is damaged: no base64");
  Reader in(std::move(*bytes));
  CommitMetadata metadata;
  metadata.offset = Offset(static_cast<int64_t>(in.number()));
  metadata.topic_id = TopicId(in.uuid());
  metadata.adoptions = static_cast<uint8_t>(in.number());
  const uint64_t flags = in.number();
  metadata.stopped = (flags & 1) != 0;
  if ((flags & 2) != 0) {
    auto plan = read_plan(in);
    if (plan && (flags & 4) != 0) plan->shards = static_cast<uint16_t>(in.number());
    if (!plan || plan->shards == 0) return permanent("the committed offset's metadata is damaged: the plan in it can't be read");
    metadata.plan = std::make_shared<const Plan>(std::move(*plan));
  }
  if (!in.ok() || !in.at_end()) return permanent("the committed offset's metadata is damaged: its length is wrong");
  return metadata;
}

size_t MetadataBudget::topic_bytes(std::string_view topic) const { return std::ranges::find(topics_, topic) != topics_.end() ? 0 : 16 + 2 + topic.size(); }
bool MetadataBudget::fits_partition(std::string_view topic) const {
  return partitions_ < kPlanPartitionsMax && bytes_ + kRangeBytes + topic_bytes(topic) <= kBinaryMax;
}
size_t MetadataBudget::given_up_left() const { return (kBinaryMax - bytes_) / kGivenUpBytes; }
void MetadataBudget::add_partition(std::string_view topic) {
  if (const size_t bytes = topic_bytes(topic); bytes > 0) bytes_ += bytes, topics_.emplace_back(topic);
  bytes_ += kRangeBytes;
  ++partitions_;
}
void MetadataBudget::add_given_up() { bytes_ += kGivenUpBytes; }

}  // namespace millrace::pipeline
