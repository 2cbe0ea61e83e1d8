#include "tools/supervisor/reply_filter.h"

#include <algorithm>

namespace millrace::supervisor {
namespace {
uint32_t big_endian(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}
}  // namespace

template <class F>
void ReplyFilter::Frames::feed(std::string_view bytes, size_t want, F&& seen) {
  while (!bytes.empty()) {
    if (skip) {
      const size_t part = std::min<uint64_t>(skip, bytes.size());
      skip -= part;
      bytes.remove_prefix(part);
      continue;
    }
    const size_t part = std::min(want - head.size(), bytes.size());
    head.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (head.size() < want) return;
    const uint64_t length = big_endian(head, 0, 4) + uint64_t{4};
    seen(head);
    skip = length > want ? length - want : 0;
    head.clear();
  }
}

void ReplyFilter::request(std::string_view bytes, int kafka_api, const std::string* match) {
  // Frames are followed whatever the rule is: a rule may come in the middle of one.
  requests_.feed(bytes, 12, [&](const std::string& head) {
    if (kafka_api >= 0 && static_cast<int>(big_endian(head, 4, 2)) == kafka_api) doomed_.insert(big_endian(head, 8, 4));
  });
  if (kafka_api >= 0 || !match) return;
  if (match->empty()) {
    matched_ = true;
    return;
  }
  tail_.append(bytes);
  matched_ |= tail_.find(*match) != std::string::npos;
  if (tail_.size() >= match->size()) tail_.erase(0, tail_.size() - match->size() + 1);
}

bool ReplyFilter::reply(std::string_view bytes, bool kafka) {
  bool found = false;
  replies_.feed(bytes, 8, [&](const std::string& head) { found |= doomed_.erase(big_endian(head, 4, 4)) > 0; });
  if (kafka) return found;
  found = matched_;
  matched_ = false;
  return found;
}

}  // namespace millrace::supervisor
