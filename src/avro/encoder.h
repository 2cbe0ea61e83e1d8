#pragma once
// Avro binary encoding, appended to a string (specification, "Binary Encoding"). The caller knows the schema and calls in its
// order; nothing is checked. No state but the target, so that an Encoder per record costs nothing.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace millrace::avro {

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void null() {}
  void boolean(bool v) { out_.push_back(v ? '\1' : '\0'); }
  void integer(int32_t v) { long_(v); }
  void long_(int64_t v) {
    uint64_t n = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
    if (n < 0x80) return out_.push_back(static_cast<char>(n));
    char buffer[10];
    size_t size = 0;
    for (; n >= 0x80; n >>= 7) buffer[size++] = static_cast<char>(n | 0x80);
    buffer[size++] = static_cast<char>(n);
    out_.append(buffer, size);
  }
  void float_(float v) { fixed_width(std::bit_cast<uint32_t>(v)); }
  void double_(double v) { fixed_width(std::bit_cast<uint64_t>(v)); }
  void string(std::string_view v) { long_(static_cast<int64_t>(v.size())), out_.append(v); }
  void bytes(std::string_view v) { string(v); }
  void fixed(std::string_view v) { out_.append(v); }
  void enum_symbol(int index) { long_(index); }
  void union_branch(int index) { long_(index); }
  // Arrays and maps: block(n), n items (a map's item is string(key), then the value); any number of blocks; end_blocks().
  void block(int64_t count) {
    if (count > 0) long_(count);
  }
  void end_blocks() { out_.push_back('\0'); }
  // Two's complement, big-endian, as short as it can be: a decimal over `bytes`.
  void decimal_bytes(__int128 unscaled) {
    char buffer[16];
    size_t size = 0;
    __int128 rest = unscaled;
    do {
      buffer[15 - size++] = static_cast<char>(rest & 0xff);
      rest >>= 8;
    } while (size < 16 && !(rest == (buffer[16 - size] < 0 ? -1 : 0)));
    string({buffer + 16 - size, size});
  }
  // The same over `fixed` of `size` bytes (at most 16).
  void decimal_fixed(__int128 unscaled, size_t size) {
    for (size_t i = size; i-- > 0;) out_.push_back(static_cast<char>((unscaled >> (8 * i)) & 0xff));
  }

 private:
  template <class T>
  void fixed_width(T v) {
    static_assert(std::endian::native == std::endian::little);
    char buffer[sizeof v];
    std::memcpy(buffer, &v, sizeof v);
    out_.append(buffer, sizeof v);
  }
  std::string& out_;
};

}  // namespace millrace::avro
