#pragma once
// Where texts in the making stand during one evaluation. Nothing moves; reset() keeps the memory.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/short_text.h"

namespace millrace::rules {

class TextArena {
 public:
  // Room for at most so many bytes; what of it was used is kept by take().
  char* reserve(size_t bytes) {
    if (static_cast<size_t>(limit_ - at_) <= bytes) [[unlikely]]  // never nullptr, for no bytes either
      next_chunk(bytes);
    return at_;
  }
  std::string_view take(const char* end) {
    const std::string_view text(at_, static_cast<size_t>(end - at_));
    at_ += text.size();
    return text;
  }
  std::string_view keep(std::string_view text) {
    char* to = reserve(text.size());
    copy_text(to, text.data(), text.size());
    return take(to + text.size());
  }
  void reset() {
    chunk_ = 0;
    at_ = limit_ = nullptr;
    if (!chunks_.empty()) open(0);
  }
  size_t memory() const {
    size_t total = 0;
    for (const Chunk& chunk : chunks_) total += chunk.size;
    return total;
  }

 private:
  static constexpr size_t kChunk = size_t{1} << 18;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  void open(size_t index) {
    chunk_ = index;
    at_ = chunks_[index].bytes.get(), limit_ = at_ + chunks_[index].size;
  }
  void next_chunk(size_t bytes) {
    for (size_t next = at_ == nullptr ? 0 : chunk_ + 1; next < chunks_.size(); ++next) {
      if (chunks_[next].size >= bytes) return open(next);
    }
    const size_t size = std::max(kChunk, bytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    open(chunks_.size() - 1);
  }
  std::vector<Chunk> chunks_;
  size_t chunk_ = 0;
  char* at_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace millrace::rules
