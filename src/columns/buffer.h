#pragma once
// Growable bytes without initialisation: what columns are made of. Keeps its memory when cleared, so a warm buffer never allocates.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::columns {

class Buffer {
 public:
  // So many bytes behind the limit may be overwritten (never read): short copies go in steps of 16 without a branch on the rest.
  static constexpr size_t kSlack = 32;

  Buffer() = default;
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  size_t capacity() const { return static_cast<size_t>(limit_ - begin_); }
  bool empty() const { return end_ == begin_; }
  const char* data() const { return begin_; }
  char* data() { return begin_; }
  std::string_view view() const { return {begin_, size()}; }
  void clear() { end_ = begin_; }
  void shrink(size_t size) { end_ = begin_ + size; }

  // Room for `more` bytes; write at tail() and advance().
  void reserve(size_t more) {
    if (static_cast<size_t>(limit_ - end_) < more) [[unlikely]]
      grow(more);
  }
  char* tail() { return end_; }
  void advance(size_t size) { end_ += size; }
  void set_tail(char* tail) { end_ = tail; }

  template <class T>
  void put(T value) {
    reserve(sizeof value);
    std::memcpy(end_, &value, sizeof value);
    end_ += sizeof value;
  }
  void append(const void* bytes, size_t size) {
    reserve(size);
    if (size != 0) std::memcpy(end_, bytes, size);
    end_ += size;
  }
  void append(std::string_view text) { append(text.data(), text.size()); }
  void append_zeros(size_t size) {
    reserve(size);
    if (size != 0) std::memset(end_, 0, size);
    end_ += size;
  }
  void put_varint(uint64_t value) {
    reserve(10);
    while (value >= 0x80) *end_++ = static_cast<char>(value | 0x80), value >>= 7;
    *end_++ = static_cast<char>(value);
  }
  template <class T>
  T at(size_t index) const {
    T value;
    std::memcpy(&value, begin_ + index * sizeof value, sizeof value);
    return value;
  }
  template <class T>
  void set(size_t index, T value) {
    std::memcpy(begin_ + index * sizeof value, &value, sizeof value);
  }

 private:
  void grow(size_t more);
  char* begin_ = nullptr;
  char* end_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace millrace::columns
