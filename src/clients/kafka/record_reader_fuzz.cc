// libFuzzer: arbitrary bytes as the records of a batch. Whatever they say, what is read lies within them, and reading ends.
#include "base/fuzz_seeds.h"
#include "clients/kafka/record_reader.h"

namespace millrace::kafka {
namespace {

void run(std::string_view bytes) {
  const auto inside = [&](std::string_view part) {
    return part.data() == nullptr || (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size());
  };
  RecordReader reader(bytes);
  RecordFields record;
  const char* behind = bytes.data();
  for (size_t records = 0; reader.next(record); ++records) {
    MILLRACE_FUZZ_EXPECT(records < bytes.size(), "a record has bytes");
    MILLRACE_FUZZ_EXPECT(inside(record.key) && inside(record.value) && inside(record.headers), "a field lies within the batch");
    MILLRACE_FUZZ_EXPECT(record.headers.data() != nullptr && record.headers.data() >= behind, "a record lies behind the one before");
    MILLRACE_FUZZ_EXPECT(record.null_value == (record.value.data() == nullptr), "a value is null or it is not");
    behind = record.headers.data() + record.headers.size();
    size_t seen = 0;
    for (const Header& header : read_headers(record.headers)) seen += header.name.size() + header.value.size() + 2;
    MILLRACE_FUZZ_EXPECT(seen <= record.headers.size(), "headers take no more bytes than they have");
  }
  MILLRACE_FUZZ_EXPECT(reader.malformed() || behind == bytes.data() + bytes.size(), "what isn't malformed is read to its end");
  MILLRACE_FUZZ_EXPECT(!reader.next(record), "the end stays the end");
}

// Lengths and deltas below 64 are one byte each, doubled.
std::string record(std::string key, std::string value) {
  const auto number = [](size_t n) { return static_cast<char>(2 * n); };
  const std::string header = number(1) + std::string("a") + number(2) + "bc";
  const std::string body =
      std::string(1, '\0') + number(3) + number(1) + number(key.size()) + std::move(key) + number(value.size()) + std::move(value) + number(1) + header;
  return number(body.size()) + body;
}

std::vector<std::string> seeds() {
  const std::string no_key("\x0c\0\0\0\x01\x01\0", 7);  // nor a value, nor headers
  return {record("key", "value"), record("", "") + record("k", "a longer value"), no_key, no_key + record("key", "")};
}

}  // namespace
}  // namespace millrace::kafka

MILLRACE_FUZZ_TARGET(millrace::kafka::run, millrace::kafka::seeds)
