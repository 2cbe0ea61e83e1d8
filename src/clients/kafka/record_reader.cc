#include "clients/kafka/record_reader.h"

namespace millrace::kafka {
namespace {

// Bytes from `at` to `end`; whatever can't be read makes it not ok, and from then on everything reads as nothing.
struct Bytes {
  const char* at;
  const char* end;
  bool ok = true;

  int64_t fail() {
    ok = false;
    return 0;
  }

  // Zigzag, base 128, at most ten bytes.
  int64_t varint() {
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64 && at != end; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      bits |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
    }
    return fail();
  }

  std::string_view bytes(int64_t size) {
    if (size < 0 || size > end - at) return fail(), std::string_view();
    const char* from = at;
    at += size;
    return {from, static_cast<size_t>(size)};
  }

  // A negative length says that there are none.
  std::string_view nullable() {
    const int64_t size = varint();
    return size < 0 ? std::string_view() : bytes(size);
  }
};

}  // namespace

bool RecordReader::next(RecordFields& record) {
  if (at_ == end_ || malformed_) return false;
  Bytes in{at_, end_};
  const std::string_view body = in.bytes(in.varint());
  Bytes fields{body.data(), body.data() + body.size(), in.ok};
  fields.bytes(1);  // attributes: none is defined
  record.timestamp_delta = fields.varint();
  record.offset_delta = fields.varint();
  record.key = fields.nullable();
  record.value = fields.nullable();
  record.null_value = record.value.data() == nullptr;
  record.headers = {fields.at, static_cast<size_t>(fields.end - fields.at)};
  malformed_ = !fields.ok;
  at_ = in.at;
  return !malformed_;
}

std::vector<Header> read_headers(std::string_view bytes) {
  std::vector<Header> headers;
  Bytes in{bytes.data(), bytes.data() + bytes.size()};
  for (int64_t left = in.varint(); left > 0; --left) {
    const std::string_view name = in.bytes(in.varint()), value = in.nullable();
    if (!in.ok) break;
    headers.push_back({std::string(name), std::string(value), value.data() == nullptr});
  }
  return headers;
}

}  // namespace millrace::kafka
