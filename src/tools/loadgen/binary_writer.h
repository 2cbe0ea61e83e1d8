#pragma once
// Avro's binary encoding (specification 1.12, "Binary Encoding"), appended to a string.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace millrace::loadgen {

class BinaryWriter {
 public:
  explicit BinaryWriter(std::string& out) : out_(out) {}

  void integer(int64_t value) {  // int and long: zigzag, base 128
    uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; rest >= 0x80; rest >>= 7) out_.push_back(static_cast<char>(rest | 0x80));
    out_.push_back(static_cast<char>(rest));
  }
  void text(std::string_view value) {  // string and bytes
    integer(static_cast<int64_t>(value.size()));
    out_.append(value);
  }
  void boolean(bool value) { out_.push_back(value ? 1 : 0); }
  void floating(float value) { raw(&value, sizeof value); }
  void floating(double value) { raw(&value, sizeof value); }
  void fixed(std::string_view value) { out_.append(value); }
  void symbol(uint64_t index) { integer(static_cast<int64_t>(index)); }
  // Big-endian two's complement in as few bytes as hold it, within bytes.
  void decimal(int64_t unscaled) {
    int size = 1;
    while (size < 8 && (unscaled >> (8 * size - 1)) != 0 && (unscaled >> (8 * size - 1)) != -1) ++size;
    integer(size);
    for (int i = size - 1; i >= 0; --i) out_.push_back(static_cast<char>(unscaled >> (8 * i)));
  }
  void null_branch() { integer(0); }   // of ["null", T]
  void value_branch() { integer(1); }  // then write T
  // Arrays and maps: one block of `count`, the items, then end(). An empty one is end() alone.
  void block(size_t count) {
    if (count) integer(static_cast<int64_t>(count));
  }
  void end() { out_.push_back(0); }

 private:
  void raw(const void* value, size_t size) { out_.append(static_cast<const char*>(value), size); }  // little-endian machine
  std::string& out_;
};

}  // namespace millrace::loadgen
