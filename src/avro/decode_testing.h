#pragma once
// What the decoder's tests, benchmark and fuzzer share: schemas by text and records like the baseline's PageView.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "avro/decode_program.h"
#include "avro/schema.h"

namespace millrace::avro::testing {

inline SchemaPtr parse(const std::string& text) {
  auto schema = Schema::parse(text);
  if (!schema) std::cerr << "schema does not parse: " << text << '\n', std::abort();
  return *std::move(schema);
}
inline DecodeProgram compile(const std::string& writer, const std::string& reader, const MappingOptions& options = {}) {
  const SchemaPtr w = parse(writer), r = parse(reader);
  auto program = DecodeProgram::compile(*w, *r, options);
  if (!program) std::cerr << program.error().reason << ": " << writer << " / " << reader << '\n', std::abort();
  return *std::move(program);
}
inline std::string record(const std::string& fields) { return R"({"type":"record","name":"Root","fields":[)" + fields + "]}"; }
inline std::vector<std::string> types_of(const std::string& schema) {
  std::vector<std::string> types;
  const auto columns = map_columns(*parse(schema)).value();
  for (const auto& column : columns) types.push_back(column.name + " " + to_string(column.type));
  return types;
}

// The record of the published baseline: 148 bytes on average.
inline const std::string kPageView = R"({"type":"record","name":"PageView","namespace":"com.example","fields":[
  {"name":"event_id","type":"string"},{"name":"tenant_id","type":"string"},{"name":"user_id","type":"long"},
  {"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"url","type":"string"},
  {"name":"referrer","type":["null","string"],"default":null},{"name":"duration_ms","type":"int"},
  {"name":"props","type":{"type":"map","values":"string"}}]})";

inline std::string page_view(uint32_t i) {
  uint64_t random = (i + 1) * 0x9e3779b97f4a7c15;
  auto next = [&](uint64_t below) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    return (random >> 11) % below;
  };
  std::string out;
  auto number = [&](int64_t value) {
    uint64_t raw = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; raw >= 0x80; raw >>= 7) out += static_cast<char>(raw | 0x80);
    out += static_cast<char>(raw);
  };
  auto text = [&](const std::string& value) { number(static_cast<int64_t>(value.size())), out += value; };
  auto digits = [&](uint64_t value, size_t width) {
    const std::string plain = std::to_string(value);
    return std::string(plain.size() < width ? width - plain.size() : 0, '0') + plain;
  };
  std::string id = "00000000-0000-4000-8000-000000000000";
  for (char& c : id)
    if (c == '0') c = "0123456789abcdef"[next(16)];
  const char* const sections[] = {"products", "category", "checkout", "account", "blog", "search"};
  const char* const browsers[] = {"Chrome", "Firefox", "Safari", "Edge"};
  const char* const countries[] = {"DE", "US", "FR", "IN", "BR", "JP", "GB", "NL"};
  text(id), text("tenant-" + digits(next(50), 2)), number(static_cast<int64_t>(next(5'000'000))), number(1'790'000'000'000 + i);
  text(std::string("https://shop.example.com/") + sections[next(6)] + "/" + digits(next(1'000'000), 6) + "?r=" + std::to_string(next(256)));
  if (next(2) == 0)
    number(0);
  else
    number(1), text("https://ref" + digits(next(1000), 3) + ".example.org/");
  number(static_cast<int64_t>(next(60'000)));
  number(2), text("browser"), text(browsers[next(4)]), text("country"), text(countries[next(8)]), number(0);
  return out;
}

}  // namespace millrace::avro::testing
