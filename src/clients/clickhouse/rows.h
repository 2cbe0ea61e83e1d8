#pragma once
// Reads what a select gives, over bytes that the caller keeps.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::clickhouse {

// TabSeparated: rows of unescaped fields. `\N` gives the text "\N" (ask for ifNull() where it matters).
std::vector<std::vector<std::string>> parse_tab_separated(std::string_view body);

// RowBinary: fields one after the other, little endian. A read past the end sets failed() and returns 0 or "": check once,
// at the end of a row. Over a chunk of a stream: mark() before a row; if failed() after it, rewind() and keep rest() for the
// next chunk.
class RowBinaryReader {
 public:
  explicit RowBinaryReader(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return position_ == bytes_.size(); }
  bool failed() const { return failed_; }
  size_t mark() const { return position_; }
  void rewind(size_t mark) { position_ = mark, failed_ = false; }
  std::string_view rest() const { return bytes_.substr(position_); }

  template <class T>
  T number() {
    T value{};
    const std::string_view raw = take(sizeof value);
    if (raw.size() == sizeof value) __builtin_memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  uint64_t varint();
  std::string_view string();                      // varint length and bytes
  Uuid uint128();                                 // UInt128, as the _plan column has it
  Uuid uuid();                                    // UUID: two little-endian halves, high first
  bool null() { return number<uint8_t>() != 0; }  // before a Nullable's value

 private:
  std::string_view take(size_t size);
  std::string_view bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

std::string quote_string(std::string_view text);      // 'it\'s'
std::string quote_identifier(std::string_view name);  // `a.b`
std::string uint128_literal(const Uuid& id);          // toUInt128('…'): a decimal string

}  // namespace millrace::clickhouse
