#pragma once
// Private to this room: the records of one batch of message format v2, as they stand in the protocol, read in place.
// Format: https://kafka.apache.org/documentation/#record

#include <cstdint>
#include <string_view>
#include <vector>

#include "clients/kafka/types.h"

namespace millrace::kafka {

// Views into the batch's bytes.
struct RecordFields {
  int64_t timestamp_delta = 0;  // milliseconds, to the batch's base
  int64_t offset_delta = 0;     // to the batch's base
  std::string_view key;         // data() == nullptr: no key
  std::string_view value;
  bool null_value = false;
  std::string_view headers;  // for read_headers()
};

// Reads the records one after the other. The bytes are not trusted: whatever they say, nothing behind them is read.
class RecordReader {
 public:
  // `records`: uncompressed, without the batch's header.
  explicit RecordReader(std::string_view records) : at_(records.data()), end_(records.data() + records.size()) {}
  // False at the end, and where the bytes are no record: then malformed().
  bool next(RecordFields& record);
  bool malformed() const { return malformed_; }

 private:
  const char* at_;
  const char* end_;
  bool malformed_ = false;
};

// Headers of a record, in their order; those before the first that is malformed.
std::vector<Header> read_headers(std::string_view bytes);

}  // namespace millrace::kafka
