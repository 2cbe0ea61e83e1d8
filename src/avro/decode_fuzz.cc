// libFuzzer: hostile payloads. The first byte chooses a writer and a reader, the rest is the datum. Whatever it holds: refused with a
// byte inside of the payload and a block as it was before, or one row more in every column; never a crash, nor more than
// DecodeLimits allows (the runner's -timeout and -rss_limit_mb).
#include <fstream>
#include <nlohmann/json.hpp>

#include "avro/decode_promises.h"
#include "base/fuzz_seeds.h"
#include "tools/loadgen/stream.h"
#include "tools/loadgen/topic_contract.h"

namespace millrace::avro {
namespace {

using nlohmann::json;

struct Target {
  DecodeProgram program;
  columns::Block block;
  std::vector<std::string> seeds;
  bool is_json;  // its one column is JSON text
};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::vector<std::string> events_of(const loadgen::TopicContract& topic) {
  loadgen::StreamSettings settings;
  settings.start_ms = 1'790'000'000'000;
  settings.topics.push_back({topic.name, loadgen::event_type_of_topic(topic.name), SchemaId(1)});
  const loadgen::Stream stream(settings, *loadgen::Pace::create(1000, {}));
  std::vector<std::string> payloads;
  loadgen::Event event;
  for (uint64_t n = 0; n < 20; ++n) stream.make(n, event), payloads.push_back(event.value.substr(5));  // without the frame
  return payloads;
}

// At most 256: hostile pairs in both forms, then the demo's own schemas, then cases of other implementations.
std::vector<Target> make_targets() {
  std::vector<Target> targets;
  auto add = [&](const std::string& writer, const std::string& reader, const MappingOptions& options, std::vector<std::string> seeds) {
    const auto w = Schema::parse(writer), r = Schema::parse(reader);
    if (!w || !r || targets.size() == 256) return;
    if (auto program = DecodeProgram::compile(**w, **r, options)) {
      columns::Block block(program->columns());
      targets.push_back({*std::move(program), std::move(block), std::move(seeds), options.form == MappingOptions::Form::kJson});
    }
  };
  MappingOptions as_columns, as_json;
  as_columns.low_cardinality = {"s", "a"};
  as_json.form = MappingOptions::Form::kJson;
  for (const auto& [writer, reader] : fuzz::schema_pairs()) {
    as_columns.enums = targets.size() % 4 == 0 ? MappingOptions::Enums::kEnum : MappingOptions::Enums::kLowCardinality;
    add(writer, reader, as_columns,
        {std::string(40, '\2'), std::string("\x04\x02"
                                            "a\x02",
                                            4)});
    add(writer, reader, as_json,
        {std::string(40, '\2'), std::string("\x04\x02"
                                            "a\x02",
                                            4)});
  }
  for (const auto& topic : loadgen::builtin_topics().value())
    if (!topic.schema.empty()) add(topic.schema, topic.schema, {}, events_of(topic));
  std::ifstream cases(MILLRACE_SOURCE_DIR "/tests/cases/avro_resolution.jsonl");
  for (std::string line; std::getline(cases, line);) {
    const json test = json::parse(line);
    add(test["writer"].dump(), test["reader"].dump(), targets.size() % 2 == 0 ? MappingOptions() : as_json, {from_hex(test["hex"].get<std::string>())});
  }
  return targets;
}
std::vector<Target>& targets() {
  static std::vector<Target> all = make_targets();
  return all;
}

void run(Target& target, std::string_view input) {
  columns::Block& block = target.block;
  if (block.bytes() > 1 << 12) block.clear();
  const size_t rows = block.rows();
  const std::string broken = fuzz::broken_promise(target.program, block, input, 1);
  MILLRACE_FUZZ_EXPECT(broken.empty(), broken);
  if (target.is_json && block.rows() > rows) MILLRACE_FUZZ_EXPECT(json::accept(block.column(0).text(rows)), "the text of a value is JSON");
}

}  // namespace
}  // namespace millrace::avro

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  millrace::fuzz::write_seeds_if_asked(*argc, *argv, [] {
    std::vector<std::string> seeds;
    for (size_t i = 0; i < millrace::avro::targets().size(); ++i)
      for (const std::string& payload : millrace::avro::targets()[i].seeds) seeds.push_back(static_cast<char>(i) + payload);
    return seeds;
  });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto& targets = millrace::avro::targets();
  if (size == 0 || data[0] >= targets.size()) return -1;
  millrace::avro::run(targets[data[0]], {reinterpret_cast<const char*>(data), size});
  return 0;
}
