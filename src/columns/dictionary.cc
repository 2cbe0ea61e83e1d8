#include "columns/dictionary.h"

#include <algorithm>

#include "base/short_text.h"

namespace millrace::columns {

Dictionary::Dictionary(bool has_null) : has_null_(has_null) { clear(); }

void Dictionary::clear() {
  text_.clear(), ends_.clear(), first_rows_.clear(), hashes_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  last_ = 0;
  if (has_null_) {  // not in the slots: no string finds it
    text_.put<uint8_t>(0);
    ends_.put<uint32_t>(1), first_rows_.put<uint32_t>(0), hashes_.put<uint32_t>(0);
  }
}

bool Dictionary::equals(uint32_t index, std::string_view key) const { return same_text(this->key(index), key); }

std::string_view Dictionary::key(uint32_t index) const {
  const uint32_t begin = index == 0 ? 0 : ends_.at<uint32_t>(index - 1);
  const uint32_t end = ends_.at<uint32_t>(index);
  const char* p = text_.data() + begin;
  while (*p & 0x80) ++p;
  ++p;
  return {p, static_cast<size_t>(text_.data() + end - p)};
}

uint32_t Dictionary::index_of(std::string_view key, size_t row) {
  const uint32_t first = has_null_ ? 1 : 0;
  if (last_ >= first && last_ < size() && equals(last_, key)) return last_;
  if ((size() + 1) * 2 > slots_.size()) rehash(std::max<size_t>(64, slots_.size() * 2));
  const auto hash = static_cast<uint32_t>(hash_text(key));
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      slots_[slot] = size() + 1;
      add(key, hash, static_cast<uint32_t>(row));
      return last_ = size() - 1;
    }
    const uint32_t index = slots_[slot] - 1;
    if (hashes_.at<uint32_t>(index) == hash && equals(index, key)) return last_ = index;
  }
}

void Dictionary::add(std::string_view key, uint32_t hash, uint32_t row) {
  text_.put_varint(key.size());
  text_.append(key);
  ends_.put(static_cast<uint32_t>(text_.size()));
  hashes_.put(hash), first_rows_.put(row);
}

void Dictionary::rehash(size_t slots) {
  slots_.assign(slots, 0);
  for (uint32_t index = has_null_ ? 1 : 0; index < size(); ++index) {
    size_t slot = hashes_.at<uint32_t>(index) & (slots - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots - 1);
    slots_[slot] = index + 1;
  }
}

void Dictionary::forget_rows_from(size_t row) {
  while (size() > (has_null_ ? 1U : 0U) && first_rows_.at<uint32_t>(size() - 1) >= row) {
    const uint32_t index = size() - 1;
    size_t slot = hashes_.at<uint32_t>(index) & (slots_.size() - 1);
    while (slots_[slot] != index + 1) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = 0;  // the last one in: nothing was probed past it
    text_.shrink(index == 0 ? 0 : ends_.at<uint32_t>(index - 1));
    ends_.shrink(index * sizeof(uint32_t)), first_rows_.shrink(index * sizeof(uint32_t)), hashes_.shrink(index * sizeof(uint32_t));
  }
}

void Dictionary::renumber_rows() {
  if (!first_rows_.empty()) std::memset(first_rows_.data(), 0, first_rows_.size());
}

size_t Dictionary::memory() const {
  return text_.capacity() + ends_.capacity() + first_rows_.capacity() + hashes_.capacity() + slots_.capacity() * sizeof(uint32_t);
}

}  // namespace millrace::columns
